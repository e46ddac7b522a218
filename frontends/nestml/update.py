"""The update block taken apart: what is integrated when, and what stands before and after."""

from __future__ import annotations

from dataclasses import dataclass

from snnc.importing.expressions import Node
from snnc.ir.diagnostics import Location, UnsupportedError
from snnc.nestml.elements import If, Integrate, Model, Statement, statements_in


@dataclass(frozen=True)
class Branch:
    """One way through the update; `integrated` are the variables whose equations advance."""

    integrated: frozenset[str]
    before: tuple[Statement, ...] = ()
    after: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Update:
    """The update block: statements around one integration, which may depend on a condition.

    Without a condition there is one branch, with one there are two: where it holds, and where not.
    """

    before: tuple[Statement, ...]
    condition: Node | None
    branches: tuple[Branch, ...]
    after: tuple[Statement, ...]
    place: Location


def update_of(model: Model) -> Update:
    """Take the update block of a model apart.

    Raises
    ------
    UnsupportedError
        If it integrates more than once, or deeper than in one branch.
    """
    where = [i for i, s in enumerate(model.update) if _integrates(s)]
    everything = frozenset(equation.name for equation in model.equations)
    if not where:
        return Update((), None, (Branch(frozenset()),), model.update, model.place)
    if len(where) > 1:
        raise UnsupportedError("more than one 'integrate_odes'", model.update[where[1]].place)
    statement = model.update[where[0]]
    before, after = model.update[: where[0]], model.update[where[0] + 1 :]
    if isinstance(statement, Integrate):
        branch = Branch(_integrated(statement, everything))
        return Update(before, None, (branch,), after, statement.place)
    assert isinstance(statement, If)
    branches = [_branch(body, everything) for _, body in statement.branches]
    conditions = [condition for condition, _ in statement.branches]
    if len(branches) == 1:
        branches.append(Branch(frozenset()))
        conditions.append(None)
    if len(branches) != 2 or conditions[0] is None or conditions[1] is not None:
        raise UnsupportedError("'integrate_odes' in more than two branches", statement.place)
    return Update(before, conditions[0], tuple(branches), after, statement.place)


def _integrates(statement: Statement) -> bool:
    return any(isinstance(s, Integrate) for s in statements_in((statement,)))


def _integrated(statement: Integrate, everything: frozenset[str]) -> frozenset[str]:
    return everything if statement.names is None else frozenset(statement.names)


def _branch(body: tuple[Statement, ...], everything: frozenset[str]) -> Branch:
    where = [i for i, s in enumerate(body) if isinstance(s, Integrate)]
    nested = any(_integrates(s) for s in body if not isinstance(s, Integrate))
    if len(where) > 1 or nested:
        raise UnsupportedError("more than one 'integrate_odes' in a branch", body[0].place)
    if not where:
        return Branch(frozenset(), after=body)
    statement = body[where[0]]
    assert isinstance(statement, Integrate)
    integrated = _integrated(statement, everything)
    return Branch(integrated, body[: where[0]], body[where[0] + 1 :])
