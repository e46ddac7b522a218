"""The host as LLVM sees it, and the C functions that compiled kernels may call."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import sys
from typing import Any

import llvmlite.binding as llvm

_LIBM = (
    *(
        "exp",
        "log",
        "pow",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "asin",
        "acos",
        "atan",
        "erf",
    ),
    *("floor", "ceil", "rint", "round", "trunc", "fmod", "fma"),
)
_LIBC = ("memcpy", "memmove", "memset", "usleep", "sched_yield")
PERMITTED_SYMBOLS = frozenset([*_LIBM, *(name + "f" for name in _LIBM), *_LIBC])


@functools.cache
def host() -> tuple[str, str]:
    """Return the name of the processor and its features, as LLVM writes them.

    LLVM holds back from vectors of 512 bits on most Intel processors, for the sake of programs that
    use few. Updates of cells are nothing else, and take up to 30 % less time with them (measured on
    a Xeon with AVX512-FP16, B1).
    """
    features = llvm.get_host_cpu_features()
    preference = ",-prefer-256-bit" if features.get("avx512f") else ""
    return llvm.get_host_cpu_name(), features.flatten() + preference


def target_machine() -> Any:
    """Return a target machine for the host, for code that stays in this process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = host()
    target = llvm.Target.from_default_triple()
    # Position-independent objects read a global offset table, which MCJIT mixes up between them.
    relocation = "static" if target.name.startswith("x86") else "default"
    return target.create_target_machine(
        cpu=cpu, features=features, opt=3, reloc=relocation, codemodel="jitdefault", jit=True
    )


@functools.cache
def execution_engine() -> Any:
    """Return the one engine of this process that loads kernel objects.

    It lives as long as the process, and so does the code that it loads: addresses stay valid.
    """
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    for name in PERMITTED_SYMBOLS:
        address = _address(name)
        if address is not None:
            llvm.add_symbol(name, address)
    return engine


@functools.cache
def _libraries() -> tuple[ctypes.CDLL, ...]:
    names = ("libc.so.6", "libm.so.6") if sys.platform == "linux" else (None,)
    return tuple(ctypes.CDLL(name) for name in names)


def _address(name: str) -> int | None:
    for library in _libraries():
        if hasattr(library, name):
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    return None
