"""Methods under the names of older versions of PyNN."""

from __future__ import annotations

from typing import Any

from snnc.pynn import script


class OldNames:
    """Deprecated methods of populations, views and assemblies."""

    def tset(self: Any, parametername: str, value_array: Any) -> None:
        """Set a parameter from an array; use `set`."""
        script.deprecated("tset()", f"set({parametername}=value_array)")
        self.set(**{parametername: value_array})

    def rset(self: Any, parametername: str, rand_distr: Any) -> None:
        """Set a parameter from a distribution; use `set`."""
        script.deprecated("rset()", f"set({parametername}=rand_distr)")
        self.set(**{parametername: rand_distr})

    def record_v(self: Any, to_file: Any = True) -> None:
        """Record the membrane potential; use `record`."""
        script.deprecated("record_v()", "record('v')")
        self.record("v", to_file)

    def record_gsyn(self: Any, to_file: Any = True) -> None:
        """Record synaptic conductances; use `record`."""
        script.deprecated("record_gsyn()", "record(['gsyn_exc', 'gsyn_inh'])")
        self.record(["gsyn_exc", "gsyn_inh"], to_file)

    def printSpikes(self: Any, file: Any, gather: bool = True, **_: Any) -> None:  # noqa: N802
        """Write spikes; use `write_data`."""
        script.deprecated("printSpikes()", "write_data(file, 'spikes')")
        self.write_data(file, "spikes", gather)

    def getSpikes(self: Any, gather: bool = True, **_: Any) -> Any:  # noqa: N802
        """Return spikes; use `get_data`."""
        script.deprecated("getSpikes()", "get_data('spikes')")
        return self.get_data("spikes", gather)

    def print_v(self: Any, file: Any, gather: bool = True, **_: Any) -> None:
        """Write the membrane potential; use `write_data`."""
        script.deprecated("print_v()", "write_data(file, 'v')")
        self.write_data(file, "v", gather)

    def get_v(self: Any, gather: bool = True, **_: Any) -> Any:
        """Return the membrane potential; use `get_data`."""
        script.deprecated("get_v()", "get_data('v')")
        return self.get_data("v", gather)

    def print_gsyn(self: Any, file: Any, gather: bool = True, **_: Any) -> None:
        """Write synaptic conductances; use `write_data`."""
        script.deprecated("print_gsyn()", "write_data(file, ['gsyn_exc', 'gsyn_inh'])")
        self.write_data(file, ["gsyn_exc", "gsyn_inh"], gather)

    def get_gsyn(self: Any, gather: bool = True, **_: Any) -> Any:
        """Return synaptic conductances; use `get_data`."""
        script.deprecated("get_gsyn()", "get_data(['gsyn_exc', 'gsyn_inh'])")
        return self.get_data(["gsyn_exc", "gsyn_inh"], gather)

    def meanSpikeCount(self: Any, gather: bool = True) -> float:  # noqa: N802
        """Return the mean number of spikes; use `mean_spike_count`."""
        script.deprecated("meanSpikeCount()", "mean_spike_count()")
        return self.mean_spike_count(gather)
