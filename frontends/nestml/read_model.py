"""From PyNESTML's tree to the elements of a model."""

from __future__ import annotations

from pathlib import Path

from snnc.importing.expressions import Node
from snnc.ir.diagnostics import ModelError, UnsupportedError
from snnc.nestml.elements import (
    Assign,
    Declare,
    Emit,
    Equation,
    Event,
    Function,
    If,
    Integrate,
    Kernel,
    Model,
    Port,
    Return,
    Statement,
    Type,
    Variable,
)
from snnc.nestml.parsing import Ast, parse_file, place
from snnc.nestml.read_expressions import expression, full_name, type_of, updated

_SILENT = ("print", "println", "info", "warning")


def read_models(path: str | Path) -> list[Model]:
    """Return the models of a NESTML file.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    ModelError
        If anything in it is malformed or unknown; with its place.
    UnsupportedError
        For a construct that is not supported; names it.
    """
    return [_Reader(str(path)).model(tree) for tree in parse_file(path)]


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file

    def model(self, tree: Ast) -> Model:
        model = Model(tree.get_name(), place(tree, self.file))
        blocks = (
            (tree.get_state_blocks(), model.states),
            (tree.get_parameters_blocks(), model.parameters),
            (tree.get_internals_blocks(), model.internals),
        )
        for found, variables in blocks:
            for block in found:
                for declaration in block.get_declarations():
                    variables.update((v.name, v) for v in self.variables(declaration))
        for block in tree.get_equations_blocks():
            self.equations(model, block)
        for block in tree.get_input_blocks():
            model.ports.update((p.name, p) for p in map(self.port, block.get_input_ports()))
        for function in tree.get_functions():
            model.functions[function.get_name()] = self.function(function)
        for block in tree.get_update_blocks():
            model.update += self.body(block.get_stmts_body())
        model.receives = [self.receive(block) for block in tree.get_on_receive_blocks()]
        model.conditions = [self.condition(block) for block in tree.get_on_condition_blocks()]
        self.check_body(model, tree)
        return model

    def check_body(self, model: Model, tree: Ast) -> None:
        names = [*model.variables, *model.ports, *model.functions]
        if not names:
            raise ModelError(f"model '{model.name}' is empty", model.place)
        for part in (*tree.get_on_receive_blocks(), *tree.get_on_condition_blocks()):
            if "priority" in (part.get_const_parameters() or {}):
                raise UnsupportedError("'priority' of an event", place(part, self.file))

    def variables(self, tree: Ast) -> list[Variable]:
        at = place(tree, self.file)
        vectors = [v for v in tree.get_variables() if v.get_vector_parameter() is not None]
        if vectors or tree.get_size_parameter() is not None:
            raise UnsupportedError("a vector", at)
        value = tree.get_expression()
        node = None if value is None else expression(value, self.file)
        kind = type_of(tree.get_data_type(), self.file)
        return [Variable(full_name(v), kind, node, at) for v in tree.get_variables()]

    def equations(self, model: Model, block: Ast) -> None:
        for tree in block.get_ode_equations():
            model.equations.append(self.equation(tree.get_lhs(), tree.get_rhs()))
        for tree in block.get_inline_expressions():
            model.inlines[tree.get_variable_name()] = Variable(
                tree.get_variable_name(),
                type_of(tree.get_data_type(), self.file),
                expression(tree.get_expression(), self.file),
                place(tree, self.file),
                bool(tree.is_recordable),
            )
        for tree in block.get_kernels():
            pairs = zip(tree.get_variables(), tree.get_expressions(), strict=True)
            equations = tuple(self.equation(left, right) for left, right in pairs)
            at = place(tree, self.file)
            model.kernels[equations[0].name] = Kernel(equations[0].name, equations, at)

    def equation(self, left: Ast, right: Ast) -> Equation:
        if left.get_delay_parameter() or getattr(right, "has_delay", False):
            raise UnsupportedError("a delayed variable", place(left, self.file))
        order = left.get_differential_order()
        return Equation(
            left.get_name(), order, expression(right, self.file), place(left, self.file)
        )

    def port(self, tree: Ast) -> Port:
        at = place(tree, self.file)
        if tree.get_size_parameter() is not None:
            raise UnsupportedError("a vector of ports", at)
        kind = Type() if tree.is_spike() else type_of(tree.get_datatype(), self.file)
        return Port(tree.get_name(), tree.is_spike(), kind, at)

    def function(self, tree: Ast) -> Function:
        parameters = tuple(
            (p.get_name(), type_of(p.get_data_type(), self.file)) for p in tree.get_parameters()
        )
        kind, at = tree.get_return_type(), place(tree, self.file)
        if kind is None:
            raise UnsupportedError("a function without a value", at)
        body = self.body(tree.get_stmts_body())
        return Function(tree.get_name(), parameters, type_of(kind, self.file), body, at)

    def receive(self, tree: Ast) -> Event:
        body = self.body(tree.get_stmts_body())
        return Event(body, place(tree, self.file), port=tree.get_port_name())

    def condition(self, tree: Ast) -> Event:
        body = self.body(tree.get_stmts_body())
        node = expression(tree.get_cond_expr(), self.file)
        return Event(body, place(tree, self.file), condition=node)

    # Statements

    def body(self, tree: Ast) -> tuple[Statement, ...]:
        return tuple(s for stmt in tree.get_stmts() for s in self.statement(stmt))

    def statement(self, tree: Ast) -> list[Statement]:
        if tree.is_compound_stmt():
            return [self.branches(tree.compound_stmt)]
        small = tree.small_stmt
        at = place(small, self.file)
        if small.is_assignment():
            return [self.assignment(small.get_assignment())]
        if small.is_declaration():
            return [
                Declare(v.name, v.type, v.value, at)
                for v in self.variables(small.get_declaration())
            ]
        if small.is_return_stmt():
            value = small.get_return_stmt().get_expression()
            return [Return(expression(value, self.file), at)]
        return self.call(small.get_function_call())

    def assignment(self, tree: Ast) -> Assign:
        name, at = full_name(tree.get_variable()), place(tree, self.file)
        if tree.get_variable().get_vector_parameter() is not None:
            raise UnsupportedError("an element of a vector", at)
        value = expression(tree.get_expression(), self.file)
        return Assign(name, updated(tree, name, value, at), at)

    def branches(self, tree: Ast) -> If:
        at = place(tree, self.file)
        if not tree.is_if_stmt():
            raise UnsupportedError(f"a '{'for' if tree.is_for_stmt() else 'while'}' loop", at)
        choice = tree.get_if_stmt()
        clauses = [choice.get_if_clause(), *(choice.get_elif_clauses() or [])]
        found: list[tuple[Node | None, tuple[Statement, ...]]] = [
            (expression(c.get_condition(), self.file), self.body(c.get_stmts_body()))
            for c in clauses
        ]
        last = choice.get_else_clause()
        if last is not None:
            found.append((None, self.body(last.get_stmts_body())))
        return If(tuple(found), at)

    def call(self, tree: Ast) -> list[Statement]:
        at, name, given = place(tree, self.file), tree.get_name(), tree.get_args()
        if name == "emit_spike":
            return [Emit(expression(given[0], self.file) if given else None, at)]
        if name == "integrate_odes":
            names = tuple(full_name(a.get_variable()) for a in given)
            return [Integrate(names or None, at)]
        if name in _SILENT:
            return []
        raise UnsupportedError(f"a call of '{name}' as a statement", at)
