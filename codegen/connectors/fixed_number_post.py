"""The same number of connections from each presynaptic cell."""

from typing import ClassVar, Literal

from snnc.codegen.connectors.fixed_number import FixedNumber


class FixedNumberPost(FixedNumber):
    """Connect each presynaptic cell to exactly `n` postsynaptic cells, chosen at random.

    Parameters
    ----------
    n : int or RandomDistribution
        Number of connections from each presynaptic cell; a distribution is drawn for each.
    allow_self_connections : bool
        Whether a cell may connect to itself.
    with_replacement : bool
        If true, all cells are candidates for each connection, so that pairs may be connected
        several times. If false, a cell is chosen again only after all others have been.
    """

    name: ClassVar[str] = "fixed_number_post"
    pynn_name: ClassVar[str] = "FixedNumberPostConnector"
    rows: ClassVar[Literal["pre", "post"]] = "pre"
