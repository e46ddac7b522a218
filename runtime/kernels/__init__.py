"""Kernels written by hand; their texts are read by `snnc.runtime.cache.source_of`."""
