"""Methods of projections under the names of older versions of PyNN."""

from __future__ import annotations

from typing import Any

import numpy as np

from snnc.pynn import script


class OldProjectionNames:
    """Deprecated methods of projections."""

    def setWeights(self: Any, w: Any) -> None:  # noqa: N802
        """Set weights; use `set`."""
        script.deprecated("setWeights()", "set(weight=w)")
        self.set(weight=w)

    def randomizeWeights(self: Any, rand_distr: Any) -> None:  # noqa: N802
        """Set weights; use `set`."""
        script.deprecated("randomizeWeights()", "set(weight=rand_distr)")
        self.set(weight=rand_distr)

    def setDelays(self: Any, d: Any) -> None:  # noqa: N802
        """Set delays; use `set`."""
        script.deprecated("setDelays()", "set(delay=d)")
        self.set(delay=d)

    def randomizeDelays(self: Any, rand_distr: Any) -> None:  # noqa: N802
        """Set delays; use `set`."""
        script.deprecated("randomizeDelays()", "set(delay=rand_distr)")
        self.set(delay=rand_distr)

    def setSynapseDynamics(self: Any, parameter_name: str, value: Any) -> None:  # noqa: N802
        """Set a parameter; use `set`."""
        script.deprecated("setSynapseDynamics()", "set(parameter_name=value)")
        self.set(**{parameter_name: value})

    def randomizeSynapseDynamics(  # noqa: N802
        self: Any, parameter_name: str, rand_distr: Any
    ) -> None:
        """Set a parameter; use `set`."""
        script.deprecated("randomizeSynapseDynamics()", "set(name=rand_distr)")
        self.set(**{parameter_name: rand_distr})

    def getWeights(self: Any, format: str = "list", gather: bool = True) -> Any:  # noqa: N802
        """Return weights; use `get`."""
        script.deprecated("getWeights()", "get('weight', format)")
        return self.get("weight", format, gather, with_address=False)

    def getDelays(self: Any, format: str = "list", gather: bool = True) -> Any:  # noqa: N802
        """Return delays; use `get`."""
        script.deprecated("getDelays()", "get('delay', format)")
        return self.get("delay", format, gather, with_address=False)

    def getSynapseDynamics(  # noqa: N802
        self: Any, parameter_name: str, format: str = "list", gather: bool = True
    ) -> Any:
        """Return a parameter; use `get`."""
        script.deprecated("getSynapseDynamics()", "get(parameter_name, format)")
        return self.get(parameter_name, format, gather, with_address=False)

    def saveConnections(self: Any, file: Any, gather: bool = True, **_: Any) -> None:  # noqa: N802
        """Write all connections; use `save`."""
        script.deprecated("saveConnections()", "save('all', file)")
        self.save("all", file, "list", gather)

    def printWeights(  # noqa: N802
        self: Any, file: Any, format: str = "list", gather: bool = True
    ) -> None:
        """Write weights; use `save`."""
        script.deprecated("printWeights()", "save('weight', file, format)")
        self.save("weight", file, format, gather)

    def printDelays(  # noqa: N802
        self: Any, file: Any, format: str = "list", gather: bool = True
    ) -> None:
        """Write delays; use `save`."""
        script.deprecated("printDelays()", "save('delay', file, format)")
        self.save("delay", file, format, gather)

    def weightHistogram(  # noqa: N802
        self: Any, min: float | None = None, max: float | None = None, nbins: int = 10
    ) -> Any:
        """Return a histogram of the weights and its bins; use `numpy.histogram`."""
        script.deprecated("weightHistogram()", "numpy.histogram()")
        weights = np.asarray(self.get("weight", "list", with_address=False))
        low = weights.min() if min is None else min
        high = weights.max() if max is None else max
        return np.histogram(weights, np.linspace(low, high, nbins + 1))
