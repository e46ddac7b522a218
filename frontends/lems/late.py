"""States as jLEMS finds them in its Euler steps: some steps late, deep inside a component.

jLEMS advances a component after those inside it, and each keeps what it requires from above as it
was when it was advanced itself. So a rate in a gate of a channel reads the potential that its
channel read in the step before, which is the one from two steps ago (`StateInstance.advance` and
`StateType.eulerAdvance` of jLEMS).
"""

from __future__ import annotations

from snnc.importing.model_text import number_text
from snnc.lems.part import Part


def steps_late(part: Part, owner: Part, name: str) -> int:
    """Return how many parts between a part and the owner of a state keep it for those inside."""
    count, above = 0, part.parent
    while above is not None and above is not owner:
        count += name in above.type.requirements
        above = above.parent
    return count if above is owner else 0


class Memory:
    """Past values of states, as states themselves."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: dict[str, list[str]] = {}

    def before(self, state: str, steps: int, unit: str, initial: float) -> str:
        """Return the name of what a state was some steps ago; at the start it is `initial`."""
        names = self._names.setdefault(state, [])
        while len(names) < steps:
            names.append(f"{state}_before_{len(names) + 1}")
            self.lines.append(f"state {names[-1]} : {unit} = {number_text(initial)} hidden")
        return names[steps - 1]

    def shifts(self) -> list[str]:
        """Return the reactions that move all values on at the end of each step."""
        return [
            f"when t >= 0.0 [ms] {{ {'  '.join(_moves(state, names))} }}"
            for state, names in self._names.items()
        ]


def _moves(state: str, names: list[str]) -> list[str]:
    sources = [state, *names]
    return [f"{name} = previous({one})" for one, name in zip(sources, names, strict=False)]
