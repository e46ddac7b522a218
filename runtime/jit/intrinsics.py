"""What kernel texts may use beside arithmetic: memory by address, selects, atomics, calls.

Kernels see addresses (int64) only. A buffer becomes an array by `f64(address, n)` and its
companions; inside an inner function decorated with `loop` different array arguments are promised
not to overlap, so LLVM vectorises without run-time checks. Imported by kernel texts, hence only
while something is compiled: importing it imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from snnc.runtime.jit.emit import F32, F64, I1, I32, I64, float_type

# Contraction to fused multiply-add only: reassociation or reciprocals would make results depend on
# how a population is cut into vectors and threads.
KERNEL_OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "nogil": True}
# Without Python's wrappers nothing refers to the interpreter, and objects load without Numba.
_NATIVE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


class KernelCompiler(Compiler):
    """Numba's compiler with the settings that have no option of `njit`.

    Array arguments do not alias; nothing is reference counted, since no kernel allocates; and the
    passes for language features that kernels do not use are left out, a fifth of the time.
    """

    UNUSED_PASSES = frozenset(
        {
            "WithLifting",
            "InlineClosureLikes",
            "RewriteSemanticConstants",
            "DeadBranchPrune",
            "RewriteDynamicRaises",
            "MakeFunctionToJitFunction",
            "FindLiterallyCalls",
            "LiteralUnroll",
            "LiteralPropagationSubPipelinePass",
            "InlineOverloads",
            "NopythonRewrites",
            "AnnotateTypes",
            "DumpParforDiagnostics",
        }
    )

    def __init__(
        self,
        typing: Any,
        target: Any,
        library: Any,
        args: Any,
        result: Any,
        flags: Any,
        local_types: Any,
    ) -> None:
        flags.noalias = True
        flags.nrt = False
        super().__init__(typing, target, library, args, result, flags, local_types)

    def define_pipelines(self) -> list[Any]:
        """Return Numba's pipeline without the unused passes."""
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        unused = self.UNUSED_PASSES
        manager.passes = [p for p in manager.passes if p[0].__name__ not in unused]
        return [manager]


def loop(function: Callable[..., Any]) -> Any:
    """Make a function of a kernel: its array arguments must not overlap."""
    return _compiled(function, pipeline_class=KernelCompiler)


def straight(function: Callable[..., Any]) -> Any:
    """Make a branch-free helper that is copied to every call, so that loops of calls vectorise."""
    return _compiled(function, pipeline_class=KernelCompiler, forceinline=True)


def inline(function: Callable[..., Any]) -> Any:
    """Make a helper whose body replaces its calls (before type inference, so keep it short)."""
    return _compiled(function, inline="always")


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    return njit(**options, **_NATIVE, **KERNEL_OPTIONS)(function)


def _array_of(element: Any) -> Any:
    array = types.Array(element, 1, "C")

    def view(typing: Any, address: Any, n: Any) -> tuple[Any, Any]:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            data = context.get_data_type(element)
            size = context.get_constant(types.intp, context.get_abi_sizeof(data))
            made = make_array(array)(context, builder)
            pointer = builder.inttoptr(args[0], data.as_pointer())
            populate_array(
                made, data=pointer, shape=[args[1]], strides=[size], itemsize=size, meminfo=None
            )
            return made._getvalue()

        return array(types.int64, types.int64), generate

    view.__name__ = view.__qualname__ = str(element)
    return intrinsic(view)


f64 = _array_of(types.float64)
f32 = _array_of(types.float32)
i64 = _array_of(types.int64)
i32 = _array_of(types.int32)
u64 = _array_of(types.uint64)
u32 = _array_of(types.uint32)
i16 = _array_of(types.int16)
u16 = _array_of(types.uint16)
u8 = _array_of(types.uint8)


def _unify(typing: Any, a: Any, b: Any) -> Any:
    a, b = types.unliteral(a), types.unliteral(b)
    if isinstance(a, types.Float) or isinstance(b, types.Float):
        return float_type(a, b)
    return typing.unify_types(a, b)


@intrinsic
def select(typing: Any, condition: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """Return `a` where the condition holds, else `b`; both are evaluated, nothing branches."""
    kind = _unify(typing, a, b)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        chosen = args[0]
        if chosen.type != I1:
            chosen = builder.icmp_unsigned("!=", chosen, chosen.type(0))
        return builder.select(chosen, args[1], args[2])

    return kind(types.boolean, kind, kind), generate


def _cast(name: str, source: Any, result: Any, emit: Callable[[Any, Any], Any]) -> Any:
    def cast(typing: Any, x: Any) -> tuple[Any, Any]:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit(builder, args[0])

        return result(source), generate

    cast.__name__ = cast.__qualname__ = name
    return intrinsic(cast)


bits_f64 = _cast("bits_f64", types.int64, types.float64, lambda b, x: b.bitcast(x, F64))
f64_bits = _cast("f64_bits", types.float64, types.int64, lambda b, x: b.bitcast(x, I64))
bits_f32 = _cast("bits_f32", types.uint32, types.float32, lambda b, x: b.bitcast(x, F32))
f32_bits = _cast("f32_bits", types.float32, types.uint32, lambda b, x: b.bitcast(x, I32))
# An index known to be at least 0: spares the test for negative indices in gathers and scatters.
ix = _cast("ix", types.int64, types.uint64, lambda b, x: x)


def _pointer(builder: Any, address: Any, kind: Any = I64) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


@intrinsic
def fetch_add(typing: Any, address: Any, amount: Any) -> tuple[Any, Any]:
    """Add to the int64 at an address atomically; return its value before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _pointer(builder, args[0]), args[1], "acq_rel")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def load_acquire(typing: Any, address: Any) -> tuple[Any, Any]:
    """Load the int64 at an address; later reads and writes stay behind it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_pointer(builder, args[0]), "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def store_release(typing: Any, address: Any, value: Any) -> tuple[Any, Any]:
    """Store an int64 at an address; earlier reads and writes stay before it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], _pointer(builder, args[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def prefetch(typing: Any, address: Any) -> tuple[Any, Any]:
    """Ask for the cache line at an address, to be read soon."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, I32, I32, I32])
        function = _declared(builder, "llvm.prefetch.p0", kind)
        where = builder.inttoptr(args[0], pointer)
        builder.call(function, [where, I32(0), I32(3), I32(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


STACK_WORDS = 2048


@intrinsic
def stack_words(typing: Any) -> tuple[Any, Any]:
    """Return the address of STACK_WORDS int64 that live until the function returns."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        with builder.goto_entry_block():
            words = builder.alloca(I64, STACK_WORDS)
        return builder.ptrtoint(words, I64)

    return types.int64(), generate


def _declared(builder: Any, name: str, kind: Any) -> Any:
    return builder.module.globals.get(name) or ir.Function(builder.module, kind, name)


@intrinsic
def pause(typing: Any) -> tuple[Any, Any]:
    """Tell the processor that this is a spinning loop (nothing where there is no such hint)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if "x86" in builder.module.triple:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(_declared(builder, "llvm.x86.sse2.pause", kind), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def sched_yield(typing: Any) -> tuple[Any, Any]:
    """Give the processor to another thread (libc)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(_declared(builder, "sched_yield", ir.FunctionType(I32, [])), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def usleep(typing: Any, microseconds: Any) -> tuple[Any, Any]:
    """Sleep (libc)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(_declared(builder, "usleep", ir.FunctionType(I32, [I32])), args)
        return context.get_dummy_value()

    return types.void(types.uint32), generate


@intrinsic
def call_kernel(typing: Any, function: Any, desc: Any, rows: Any, step: Any) -> tuple[Any, Any]:
    """Call the compiled kernel at address `function`; return its status, 0 for success."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(I32, [word.as_pointer(), word.as_pointer(), I64, I64, I64])
        target = builder.inttoptr(args[0], kind.as_pointer())
        with builder.goto_entry_block():
            scratch = builder.alloca(word, 2)
        failure = builder.gep(scratch, [I32(1)])
        status = builder.call(target, [scratch, failure, *args[1:]])
        return builder.sext(status, I64)

    return types.int64(types.int64, types.int64, types.int64, types.int64), generate
