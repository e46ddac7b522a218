"""Kernels written by hand; their texts are read by `snnc.runtime.jit.cache.source_of`."""
