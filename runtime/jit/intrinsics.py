"""What kernel texts may use beside arithmetic: memory by address, selects, atomics, calls.

Kernels see addresses (int64) only. A buffer becomes an array by `f64(address, n)` and its
companions; inside an inner function decorated with `loop` different array arguments are promised
not to overlap, so LLVM vectorises without run-time checks.

The language is what `snnc.runtime.jit.translate` takes of Python: functions of numbers, arrays and
tuples; ``if``, ``while`` and ``for`` over ranges; arithmetic by the rules of
`snnc.runtime.jit.kinds`, with 0 for an integer divided by 0. With the constant ``UNROLL = False``
in a text its loops are copied neither several times in a row nor for each way that a condition may
go: loops that branch or wait for memory gain nothing by it, and take half the time to compile.
With ``INTERLEAVE = n`` loops that vectorise compute n vectors side by side, so that a processor has
something to do while a long chain of operations, each of which needs the one before, is under way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from snnc.runtime.jit.kinds import (
    BOOL,
    FLOAT32,
    FLOAT64,
    INT16,
    INT32,
    INT64,
    NOTHING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Array,
    Scalar,
    Value,
    arithmetic_kind,
    convert,
    float_kind,
    scalar,
)
from snnc.runtime.jit.text import Primitive

I8, I32, I64 = ir.IntType(8), INT32.llvm, INT64.llvm
BITS = 64


def loop(function: Callable[..., Any]) -> Any:
    """Mark a function of a kernel text: its array arguments must not overlap."""
    return function


def straight(function: Callable[..., Any]) -> Any:
    """Mark a branch-free helper that is copied to every call, so that loops of calls vectorise."""
    return function


def _array_of(name: str, element: Scalar) -> Primitive:
    def view(builder: Any, address: Value, n: Value) -> Value:
        where = convert(builder, address, INT64).llvm
        pointer = builder.inttoptr(where, element.llvm.as_pointer())
        return Value(Array(element), (pointer, convert(builder, n, INT64).llvm))

    return Primitive(name, view)


f64 = _array_of("f64", FLOAT64)
f32 = _array_of("f32", FLOAT32)
i64 = _array_of("i64", INT64)
i32 = _array_of("i32", INT32)
i16 = _array_of("i16", INT16)
u64 = _array_of("u64", UINT64)
u32 = _array_of("u32", UINT32)
u16 = _array_of("u16", UINT16)
u8 = _array_of("u8", UINT8)


def _select(builder: Any, condition: Value, a: Value, b: Value) -> Value:
    """Return `a` where the condition holds, else `b`; both are evaluated, nothing branches."""
    kinds = a.scalar, b.scalar
    if a.kind == b.kind:
        kind = a.scalar
    elif any(kind.is_float for kind in kinds):
        kind = float_kind(*kinds)
    else:
        kind = arithmetic_kind(*kinds)
    chosen = convert(builder, condition, BOOL).llvm
    yes, no = (convert(builder, value, kind).llvm for value in (a, b))
    return scalar(kind, builder.select(chosen, yes, no))


select = Primitive("select", _select)


def _parted(builder: Any, known: Value, *pairs: Value) -> Value:
    """Return the bits of an int32, and those in which both of two pairs of int32 differ."""
    bits, a, b, c, d = (convert(builder, value, INT32).llvm for value in (known, *pairs))
    both = builder.and_(builder.xor(a, b), builder.xor(c, d))
    return scalar(INT32, builder.or_(bits, both))


parted = Primitive("parted", _parted)


def _cast(name: str, source: Scalar, kind: Scalar) -> Primitive:
    def cast(builder: Any, x: Value) -> Value:
        return scalar(kind, builder.bitcast(convert(builder, x, source).llvm, kind.llvm))

    return Primitive(name, cast)


bits_f64 = _cast("bits_f64", INT64, FLOAT64)
f64_bits = _cast("f64_bits", FLOAT64, INT64)
bits_f32 = _cast("bits_f32", UINT32, FLOAT32)
f32_bits = _cast("f32_bits", FLOAT32, UINT32)


def _lowest(builder: Any, word: Value) -> Value:
    """Return the number of the lowest bit set in an int64, 64 where there is none."""
    bits = convert(builder, word, INT64).llvm
    return scalar(INT64, builder.cttz(bits, BOOL.llvm(0)))


def _count_bits(builder: Any, address: Value, *planes: Value) -> Value:
    """Write the 64 numbers, as uint8, whose digits 1, 2, 4, ... are the bits of int64 planes."""
    numbers, bits = ir.VectorType(I8, BITS), ir.VectorType(BOOL.llvm, BITS)
    total = nothing = ir.Constant(numbers, [0] * BITS)
    for digit, plane in enumerate(planes):
        there = builder.bitcast(convert(builder, plane, INT64).llvm, bits)
        value = ir.Constant(numbers, [1 << digit] * BITS)
        total = builder.add(total, builder.select(there, value, nothing))
    where = builder.inttoptr(convert(builder, address, INT64).llvm, numbers.as_pointer())
    builder.store(total, where, align=1)
    return Value(NOTHING, ())


def _address(builder: Any, address: Value) -> Any:
    return builder.inttoptr(convert(builder, address, INT64).llvm, I64.as_pointer())


STACK_WORDS = 2048
LINE = 64


def _stack_words(builder: Any) -> Value:
    """Return the address of STACK_WORDS int64, on a cache line, until the function returns."""
    with builder.goto_entry_block():
        words = builder.alloca(I64, STACK_WORDS)
    words.align = LINE
    return scalar(INT64, builder.ptrtoint(words, I64))


stack_words = Primitive("stack_words", _stack_words)


def _declared(builder: Any, name: str, kind: Any) -> Any:
    return builder.module.globals.get(name) or ir.Function(builder.module, kind, name)


def _fetch_add(builder: Any, address: Value, amount: Value) -> Value:
    """Add to the int64 at an address atomically; return its value before."""
    added = convert(builder, amount, INT64).llvm
    return scalar(INT64, builder.atomic_rmw("add", _address(builder, address), added, "acq_rel"))


def _load_acquire(builder: Any, address: Value) -> Value:
    """Load the int64 at an address; later reads and writes stay behind it."""
    return scalar(INT64, builder.load_atomic(_address(builder, address), "acquire", 8))


def _store_release(builder: Any, address: Value, value: Value) -> Value:
    """Store an int64 at an address; earlier reads and writes stay before it."""
    stored = convert(builder, value, INT64).llvm
    builder.store_atomic(stored, _address(builder, address), "release", 8)
    return Value(NOTHING, ())


def _prefetch(name: str, locality: int) -> Primitive:
    def ask(builder: Any, address: Value) -> Value:
        pointer = I8.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, I32, I32, I32])
        function = _declared(builder, "llvm.prefetch.p0", kind)
        where = builder.inttoptr(convert(builder, address, INT64).llvm, pointer)
        builder.call(function, [where, I32(0), I32(locality), I32(1)])
        return Value(NOTHING, ())

    return Primitive(name, ask)


def _stream_line(builder: Any, to: Value, source: Value) -> Value:
    """Copy LINE bytes to the cache line at an address, past the caches; `fence` makes it seen."""
    line = ir.VectorType(INT32.llvm, LINE // 4).as_pointer()
    words = builder.inttoptr(convert(builder, source, INT64).llvm, line)
    place = builder.inttoptr(convert(builder, to, INT64).llvm, line)
    stored = builder.store(builder.load(words, align=4), place, align=LINE)
    stored.set_metadata("nontemporal", builder.module.add_metadata([I32(1)]))
    return Value(NOTHING, ())


def _fence(builder: Any) -> Value:
    """Have all writes before it seen by other threads before anything that follows."""
    builder.fence("seq_cst")
    return Value(NOTHING, ())


def _pause(builder: Any) -> Value:
    """Tell the processor that this is a spinning loop (nothing where there is no such hint)."""
    if "x86" in builder.module.triple:
        kind = ir.FunctionType(ir.VoidType(), [])
        builder.call(_declared(builder, "llvm.x86.sse2.pause", kind), [])
    return Value(NOTHING, ())


def _sched_yield(builder: Any) -> Value:
    """Give the processor to another thread (libc)."""
    builder.call(_declared(builder, "sched_yield", ir.FunctionType(I32, [])), [])
    return Value(NOTHING, ())


def _usleep(builder: Any, microseconds: Value) -> Value:
    """Sleep (libc)."""
    function = _declared(builder, "usleep", ir.FunctionType(I32, [I32]))
    builder.call(function, [convert(builder, microseconds, UINT32).llvm])
    return Value(NOTHING, ())


def _call_kernel(builder: Any, function: Value, desc: Value, rows: Value, step: Value) -> Value:
    """Call the compiled kernel at address `function`."""
    kind = ir.FunctionType(ir.VoidType(), [I64, I64, I64])
    target = builder.inttoptr(convert(builder, function, INT64).llvm, kind.as_pointer())
    words = [convert(builder, word, INT64).llvm for word in (desc, rows, step)]
    builder.call(target, words)
    return Value(NOTHING, ())


lowest = Primitive("lowest", _lowest)
count_bits = Primitive("count_bits", _count_bits)
fetch_add = Primitive("fetch_add", _fetch_add)
load_acquire = Primitive("load_acquire", _load_acquire)
store_release = Primitive("store_release", _store_release)
# Ask for the cache line at an address: to be read soon, or later, from the second cache.
prefetch = _prefetch("prefetch", 3)
prefetch_for_later = _prefetch("prefetch_for_later", 2)
stream_line = Primitive("stream_line", _stream_line)
fence = Primitive("fence", _fence)
pause = Primitive("pause", _pause)
sched_yield = Primitive("sched_yield", _sched_yield)
usleep = Primitive("usleep", _usleep)
call_kernel = Primitive("call_kernel", _call_kernel)
# An index known to be at least 0.
ix = Primitive("ix", lambda builder, x: convert(builder, x, INT64))
