"""Translates kernel texts to LLVM.

A function is translated once for each combination of kinds that it is called with. Its names are
slots on the stack, which LLVM turns into registers; when a later assignment needs a wider kind
than the slot has, the function is translated again with that kind.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, Final

from llvmlite import ir
from llvmlite.ir.values import MDValue

from snnc.runtime.jit.expressions import Expressions
from snnc.runtime.jit.kinds import (
    INT64,
    NOTHING,
    Array,
    KernelTextError,
    Kind,
    Value,
    common_kind,
    convert,
    items,
    leaves,
    number,
    scalar,
)
from snnc.runtime.jit.text import Definition, read


def translate(text: str, symbol: str, triple: str, layout: str) -> str:
    """Return the LLVM text of the function ``entry(desc, rows, step)`` of a kernel text.

    Parameters
    ----------
    text : str
        A Python module; see `snnc.runtime.jit.intrinsics` for what it may use.
    symbol : str
        Name of the function, of the signature ``void (int64 desc, int64 rows, int64 step)``.
    triple, layout : str
        The machine, as LLVM names it, and how it lays out data.

    Raises
    ------
    KernelTextError, SyntaxError
        The text is no kernel.
    """
    names = read(text)
    unit = _Unit(triple, layout, names.get("INTERLEAVE"))
    entry = names.get("entry")
    if not isinstance(entry, Definition):
        raise KernelTextError("there is no function entry")
    body, _ = unit.function(entry, (INT64,) * 3)
    words = [INT64.llvm] * 3
    outer = ir.Function(unit.module, ir.FunctionType(ir.VoidType(), words), symbol)
    builder = ir.IRBuilder(outer.append_basic_block())
    builder.call(body, outer.args)
    builder.ret_void()
    return str(unit.module)


class _Unit:
    """The functions of one kernel."""

    def __init__(self, triple: str, layout: str, interleave: int | None) -> None:
        self.module = ir.Module()
        self._interleave = interleave
        self.module.triple, self.module.data_layout = triple, layout
        self._done: dict[tuple[Definition, tuple[Kind, ...]], tuple[Any, Kind] | None] = {}

    def mark(self, back: Any) -> None:
        """Say of the branch from the end of a loop to its beginning how vectors go together."""
        if self._interleave is not None:
            count = ["llvm.loop.interleave.count", ir.IntType(32)(self._interleave)]
            back.set_metadata("llvm.loop", _LoopNode(self.module, count))

    def function(self, definition: Definition, kinds: tuple[Kind, ...]) -> tuple[Any, Kind]:
        """Return the LLVM function of a definition for kinds of arguments, and its result's."""
        key = definition, kinds
        if key not in self._done:
            self._done[key] = None
            self._done[key] = self._translated(definition, kinds)
        found = self._done[key]
        if found is None:
            raise KernelTextError(f"{definition.node.name} calls itself")
        return found

    def _translated(self, definition: Definition, kinds: tuple[Kind, ...]) -> tuple[Any, Kind]:
        known: dict[str, Kind] = {}
        while True:
            body = _Body(self, definition, kinds, known)
            body.translate()
            if not body.widened:
                return body.function, body.result
            del self.module.globals[body.function.name]


@dataclass(frozen=True)
class _Loop:
    """Where ``continue`` and ``break`` go."""

    next: Any
    end: Any


_RESULT: Final = "return"  # no name that a text could give


class _Body(Expressions):
    """One function for given kinds of arguments.

    Parameters
    ----------
    unit : _Unit
        Where functions that it calls come from.
    definition, kinds : Definition, tuple of Kind
        The function, and what it is called with.
    known : dict
        Kinds of its names, and of the result, as far as known from attempts before; extended.
    """

    def __init__(
        self,
        unit: _Unit,
        definition: Definition,
        kinds: tuple[Kind, ...],
        known: dict[str, Kind],
    ) -> None:
        super().__init__(unit, definition.names)
        self._mark = unit.mark
        node = definition.node
        if len(definition.parameters) != len(kinds):
            raise KernelTextError(f"{node.name} takes {len(definition.parameters)} arguments")
        self.node = node
        self.widened = False
        self._known = known
        self._loops: list[_Loop] = []
        self.result: Kind = known.get(_RESULT, NOTHING)
        types = [leaf for kind in kinds for leaf in leaves(kind)]
        name = unit.module.get_unique_name(node.name)
        self.function = ir.Function(unit.module, ir.FunctionType(_type(self.result), types), name)
        self.function.linkage = "internal"
        self.function.attributes.add("nounwind")
        if definition.inlined:
            self.function.attributes.add("alwaysinline")
        self._start = self.function.append_basic_block("names")
        self.builder = ir.IRBuilder(self.function.append_basic_block("body"))
        self._take_arguments(definition.parameters, kinds)

    def _take_arguments(self, names: list[str], kinds: tuple[Kind, ...]) -> None:
        rest = iter(self.function.args)
        for name, kind in zip(names, kinds, strict=True):
            parts = tuple(next(rest) for _ in leaves(kind))
            if isinstance(kind, Array):
                parts[0].attributes.add("noalias")
            self.assign(name, Value(kind, parts))

    def translate(self) -> None:
        """Fill the function."""
        first = self.builder.block
        self._suite(self.node.body)
        if not self.builder.block.is_terminated:
            if self.result == NOTHING:
                self.builder.ret_void()
            else:
                self.builder.unreachable()
        ir.IRBuilder(self._start).branch(first)

    def assign(self, name: str, value: Value) -> None:
        """Give a name a value."""
        kind = self._kind_of(name, value.kind)
        if name not in self.slots:
            builder = ir.IRBuilder(self._start)
            self.slots[name] = kind, tuple(builder.alloca(leaf) for leaf in leaves(kind))
        kind, slots = self.slots[name]
        parts = convert(self.builder, value, kind).parts
        for slot, part in zip(slots, parts, strict=True):
            self.builder.store(part, slot)

    def _kind_of(self, name: str, kind: Kind) -> Kind:
        """Return the kind of a name that shall also hold a value of another kind."""
        before = self._known.get(name, kind)
        after = common_kind(before, kind)
        self.widened |= after != before
        self._known[name] = after
        return after

    def _suite(self, body: list[ast.stmt]) -> None:
        for node in body:
            if self.builder.block.is_terminated:
                return
            try:
                self._statement(node)
            except KernelTextError as error:
                if str(error).startswith("line"):
                    raise
                raise KernelTextError(f"line {node.lineno}: {error}") from error

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self._store(target, self.value(value))
            case ast.AugAssign(target=target, op=op, value=value):
                self._update(target, op, value)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.Expr(value=value):
                self.value(value)
            case ast.If():
                self._if(node)
            case ast.While():
                self._while(node)
            case ast.For():
                self._for(node)
            case ast.Return(value=value):
                self._return(value)
            case ast.Break() if self._loops:
                self.builder.branch(self._loops[-1].end)
            case ast.Continue() if self._loops:
                self.builder.branch(self._loops[-1].next)
            case _:
                raise KernelTextError(f"kernels have no {type(node).__name__}")

    def _store(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self.assign(name, value)
            case ast.Tuple(elts=targets):
                for one, part in zip(targets, items(value), strict=True):
                    self._store(one, part)
            case ast.Subscript():
                pointer, kind = self.place(target)
                self.builder.store(convert(self.builder, value, kind).llvm, pointer)
            case _:
                raise KernelTextError(f"cannot assign to {ast.unparse(target)}")

    def _update(self, target: ast.expr, op: ast.operator, node: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.assign(target.id, self.operate(op, self.value(target), self.value(node)))
            return
        if not isinstance(target, ast.Subscript):
            raise KernelTextError(f"cannot assign to {ast.unparse(target)}")
        pointer, kind = self.place(target)
        amount = self.value(node)
        old = scalar(kind, self.builder.load(pointer))
        new = convert(self.builder, self.operate(op, old, amount), kind)
        self.builder.store(new.llvm, pointer)

    def _if(self, node: ast.If) -> None:
        yes, no, end = (self.builder.append_basic_block(name) for name in ("then", "else", "end"))
        self.builder.cbranch(self.truth(node.test), yes, no)
        for block, body in ((yes, node.body), (no, node.orelse)):
            self.builder.position_at_end(block)
            self._suite(body)
            if not self.builder.block.is_terminated:
                self.builder.branch(end)
        self.builder.position_at_end(end)

    def _while(self, node: ast.While) -> None:
        test, body, end = (self.builder.append_basic_block(n) for n in ("test", "body", "end"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        self.builder.cbranch(self.truth(node.test), body, end)
        self._loop(node, body, _Loop(test, end))

    def _for(self, node: ast.For) -> None:
        if not isinstance(node.target, ast.Name):
            raise KernelTextError("a loop counts in one name")
        first, last, step = self._range(node.iter)
        test, body, after, end = (
            self.builder.append_basic_block(name) for name in ("test", "body", "next", "end")
        )
        counter = ir.IRBuilder(self._start).alloca(INT64.llvm)
        self.builder.store(first, counter)
        self.builder.branch(test)
        self.builder.position_at_end(test)
        here = self.builder.load(counter)
        going = self.builder.icmp_signed("<" if step > 0 else ">", here, last)
        self.builder.cbranch(going, body, end)
        self.builder.position_at_end(after)
        onward = self.builder.add(self.builder.load(counter), INT64.llvm(step), flags=("nsw",))
        self.builder.store(onward, counter)
        self._mark(self.builder.branch(test))
        self.builder.position_at_end(body)
        self.assign(node.target.id, scalar(INT64, self.builder.load(counter)))
        self._loop(node, body, _Loop(after, end))

    def _range(self, node: ast.expr) -> tuple[Any, Any, int]:
        """Return first number, end and step of a range."""
        match node:
            case ast.Call(func=ast.Name(id="range"), args=bounds) if 1 <= len(bounds) <= 3:
                values = [self.value(bound) for bound in bounds]
            case _:
                raise KernelTextError("a loop runs over a range")
        if len(values) == 1:
            values.insert(0, number(0))
        step = values[2].literal if len(values) == 3 else 1
        if not isinstance(step, int) or step == 0:
            raise KernelTextError("the step of a range must be a literal")
        first, last = (convert(self.builder, value, INT64).llvm for value in values[:2])
        return first, last, step

    def _loop(self, node: ast.For | ast.While, body: Any, loop: _Loop) -> None:
        if node.orelse:
            raise KernelTextError("kernels have no else of a loop")
        self._loops.append(loop)
        self.builder.position_at_end(body)
        self._suite(node.body)
        if not self.builder.block.is_terminated:
            self.builder.branch(loop.next)
        self._loops.pop()
        self.builder.position_at_end(loop.end)

    def _return(self, node: ast.expr | None) -> None:
        if node is None:
            self.builder.ret_void()
            return
        value = self.value(node)
        kind = self._kind_of(_RESULT, value.kind)
        if kind != self.result:
            self.widened = True
            self.builder.unreachable()
            return
        self.builder.ret(_packed(self.builder, convert(self.builder, value, kind)))


class _LoopNode(MDValue):
    """What LLVM is to know of one loop: a node like no other, since it names itself."""

    def __init__(self, module: ir.Module, told: list[Any]) -> None:
        super().__init__(module, [module.add_metadata(told)], str(len(module.metadata)))

    def descr(self, buf: list[str]) -> None:
        """Append the text of the node."""
        names = ", ".join(node.get_reference() for node in (self, *self.operands))
        buf.append(f"distinct !{{ {names} }}\n")


def _type(kind: Kind) -> Any:
    """Return the LLVM type of a result."""
    types = leaves(kind)
    if not types:
        return ir.VoidType()
    return types[0] if len(types) == 1 else ir.LiteralStructType(types)


def _packed(builder: Any, value: Value) -> Any:
    """Return the parts of a value as one LLVM value."""
    if len(value.parts) == 1:
        return value.parts[0]
    packed: Any = ir.Constant(_type(value.kind), ir.Undefined)
    for index, part in enumerate(value.parts):
        packed = builder.insert_value(packed, part, index)
    return packed
