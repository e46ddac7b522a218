"""Kernel text to object code, by way of LLVM."""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm

from snnc.ir.diagnostics import CompilationError
from snnc.runtime.jit.kinds import KernelTextError
from snnc.runtime.jit.machine import PERMITTED_SYMBOLS, target_machine
from snnc.runtime.jit.text import read
from snnc.runtime.jit.translate import translate


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
        A relocatable object with one global function,
        ``void (int64 desc, int64 rows, int64 step)``.

    Raises
    ------
    CompilationError
        The text does not compile, or needs anything but arithmetic and a few C functions.
    """
    machine = target_machine()
    try:
        module = _module(text, symbol, machine)
    except (KernelTextError, SyntaxError, RuntimeError) as error:
        raise CompilationError(
            f"internal error: kernel {path} does not compile: {error}"
        ) from error
    _check_symbols(module, path)
    return bytes(machine.emit_object(module))


def llvm_ir(text: str) -> str:
    """Return the optimised LLVM IR of a kernel text."""
    return str(_module(text, "kernel", target_machine()))


def assembly(text: str) -> str:
    """Return the assembly of a kernel text, to look at what the compiler made of it."""
    machine = target_machine()
    return machine.emit_assembly(_module(text, "kernel", machine))


def _module(text: str, symbol: str, machine: Any) -> Any:
    """Return the optimised LLVM module of a text, its entry named `symbol`."""
    module = llvm.parse_assembly(translate(text, symbol, machine.triple, str(machine.target_data)))
    copies = bool(read(text).get("UNROLL", True))
    options = llvm.create_pipeline_tuning_options(speed_level=3 if copies else 2)
    options.loop_vectorization = True
    options.loop_unrolling = options.loop_interleaving = copies
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    return module


def _check_symbols(module: Any, path: str) -> None:
    """Refuse a module that needs more than is linked to kernels."""
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
