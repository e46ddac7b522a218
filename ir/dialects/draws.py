"""Random draws in model text: pure operations, because a draw is a function of its stream.

``uniform(NAME)`` is a number in (0, 1), ``standard_gamma(NAME, shape)`` a gamma variate of scale
one, and ``binomial(NAME, n, p)`` the number of successes of n trials. The stream NAME belongs to
the model: in one event of one element it stands for the same number wherever it is written, so
sharing and printing values changes nothing; other streams are independent.
"""

from __future__ import annotations

import zlib

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def

from snnc.ir.dialects.expressions import NUMBER, Expression, describe, exponents_of
from snnc.ir.locations import refuse
from snnc.ir.units import DIMENSIONLESS


class Draw(Expression):
    """Base of the draws."""

    stream = prop_def(StringAttr)
    result = result_def()


def stream_number(name: str) -> int:
    """Return the word of 32 bits by which draws of a stream are counted."""
    return zlib.crc32(name.encode())


@irdl_op_definition
class UniformOp(Draw):
    """A number between 0 and 1, both excluded."""

    name = "dyn.uniform"

    def __init__(self, stream: str, type: Attribute = NUMBER) -> None:
        super().__init__(properties={"stream": StringAttr(stream)}, result_types=[type])


@irdl_op_definition
class StandardGammaOp(Draw):
    """A gamma variate of scale one."""

    name = "dyn.standard_gamma"
    shape = operand_def()

    def __init__(self, stream: str, shape: SSAValue | Operation) -> None:
        shape = SSAValue.get(shape)
        super().__init__(
            operands=[shape],
            properties={"stream": StringAttr(stream)},
            result_types=[shape.type],
        )

    def verify_(self) -> None:
        """Refuse a shape with a unit."""
        self.check_quantities()
        if exponents_of(self.shape) != DIMENSIONLESS:
            refuse(self, f"a shape is a pure number; found {describe(self.shape)}, expected 1")


@irdl_op_definition
class BinomialOp(Draw):
    """How many of `n` trials succeed that do so with probability `p`."""

    name = "dyn.binomial"
    n = operand_def()
    p = operand_def()

    def __init__(self, stream: str, n: SSAValue | Operation, p: SSAValue | Operation) -> None:
        n = SSAValue.get(n)
        super().__init__(
            operands=[n, p],
            properties={"stream": StringAttr(stream)},
            result_types=[n.type],
        )

    def verify_(self) -> None:
        """Refuse units."""
        self.check_quantities()
        for operand in self.operands:
            if exponents_of(operand) != DIMENSIONLESS:
                refuse(self, f"'binomial' takes pure numbers; found {describe(operand)}")
        self.check_result(self.n.type)


DRAWS: tuple[type[Draw], ...] = (UniformOp, StandardGammaOp, BinomialOp)
