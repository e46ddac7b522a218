"""Kernel text to object code; the only place where the runtime imports Numba."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm

from snnc.ir.diagnostics import CompilationError
from snnc.runtime.jit.machine import PERMITTED_SYMBOLS, target_machine


def compile_text(text: str, path: str, symbol: str) -> bytes:
    """Compile the function ``entry(desc, rows, step)`` of a kernel text.

    Parameters
    ----------
    text : str
        A Python module; see `snnc.runtime.jit.intrinsics` for what it may use.
    path : str
        The file that holds the text, named in errors.
    symbol : str
        Name of the function in the object.

    Returns
    -------
    bytes
        A relocatable object with one global function, of Numba's native signature:
        ``int32 (void *result, void **failure, int64 desc, int64 rows, int64 step)``.

    Raises
    ------
    CompilationError
        The text does not compile, or needs anything but arithmetic and a few C functions.
    """
    try:
        module = _module(text, path, symbol)
    except Exception as error:
        raise CompilationError(
            f"internal error: kernel {path} does not compile: {error}"
        ) from error
    _check_symbols(module, path)
    return bytes(target_machine().emit_object(module))


def llvm_ir(text: str) -> str:
    """Return the optimised LLVM IR of a kernel text."""
    return str(_module(text, "<text>", "kernel"))


def assembly(text: str) -> str:
    """Return the assembly of a kernel text, to look at what the compiler made of it."""
    return target_machine().emit_assembly(_module(text, "<text>", "kernel"))


def _module(text: str, path: str, symbol: str) -> Any:
    """Return the optimised LLVM module of a text, its entry named `symbol`."""
    from numba import types

    from snnc.runtime.jit.intrinsics import loop

    namespace: dict[str, Any] = {"__name__": f"{symbol}_text", "__file__": path}
    exec(compile(text, path, "exec"), namespace)
    dispatcher = loop(namespace["entry"])
    dispatcher.compile(types.void(types.int64, types.int64, types.int64))
    (result,) = dispatcher.overloads.values()
    module = result.library._final_module
    native = result.fndesc.llvm_func_name
    module = module.clone()
    for function in module.functions:
        if function.name == native:
            function.name = symbol
        elif not function.is_declaration:
            function.linkage = llvm.Linkage.internal
    return module


def _check_symbols(module: Any, path: str) -> None:
    """Refuse a module that would not load without Numba or Python."""
    foreign = sorted(
        function.name
        for function in module.functions
        if function.is_declaration
        and not function.name.startswith("llvm.")
        and function.name not in PERMITTED_SYMBOLS
    )
    if foreign:
        raise CompilationError(
            f"internal error: kernel {path} needs {', '.join(foreign)}; "
            "kernels may use arithmetic, memory by address and C's mathematical functions only"
        )
