"""Synapse types: static, Tsodyks-Markram, and plasticity composed of rules."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pyNN import descriptions

from snnc import model_library
from snnc.ir.diagnostics import did_you_mean
from snnc.pynn import script
from snnc.pynn.cells.models import ModelType, default_of
from snnc.pynn.refusals import NoSuchModel, TypeRefused, ValueRefused

if TYPE_CHECKING:
    from snnc.ir.model_info import ModelInfo

COMPOSED = "STDP_"


class StandardSynapseType(ModelType):
    """Base of the synapse types."""

    model: str = ""
    couples: ClassVar[bool] = False
    """Whether it acts in every step rather than at spikes."""

    def model_name(self) -> str:
        """Return the name of the model in the library."""
        return self.model

    def model_parameters(self) -> dict[str, Any]:
        """Return the parameters of the model: all but weight and delay."""
        return {k: v for k, v in self.parameters.items() if k not in ("weight", "delay")}

    @property
    def weight(self) -> Any:
        """The weight as it was given."""
        return self.parameters["weight"]

    @property
    def delay(self) -> Any:
        """The delay as it was given; None stands for the smallest one."""
        return self.parameters["delay"]

    def _check(self, name: str, value: Any) -> None:
        if not (name == "delay" and value is None):
            super()._check(name, value)


def synapse_type(name: str) -> type[StandardSynapseType]:
    """Return the class of the synapse model `name`.

    Raises
    ------
    ModelError
        If the library has no such model, or its text is refused.
    """
    return _synapse_type(model_library.load(name).name, model_library.find(name).stat().st_mtime_ns)


@cache
def _synapse_type(name: str, _changed: int) -> type[StandardSynapseType]:
    return type(name, (StandardSynapseType,), synapse_attributes(model_library.load(name)))


def synapse_attributes(info: ModelInfo) -> dict[str, Any]:
    """Return what the class of a synapse model knows: its defaults and units."""
    defaults: dict[str, Any] = {"weight": 0.0}
    if not info.couples:
        defaults["delay"] = None
    defaults.update({parameter: default_of(info, parameter) for parameter in info.parameters})
    visible = [state for state in info.states.values() if not state.hidden]
    units = {parameter.name: parameter.unit for parameter in info.parameters.values()}
    return {
        "__module__": "snnc.pynn",
        "__doc__": info.doc,
        "model": info.name,
        "default_parameters": defaults,
        "default_initial_values": {state.name: state.initial for state in visible},
        "units": {**units, "weight": "uS"} if info.couples else {**units, "delay": "ms"},
        "couples": info.couples,
    }


def nestml_synapse_type(file: str | Path) -> type[StandardSynapseType]:
    """Return the synapse type of a NESTML synapse.

    Parameters
    ----------
    file : path
        A NESTML file with one synapse.

    Returns
    -------
    class
        With the model's parameters; its state ``w`` is the weight of a connection. The port whose
        name starts with ``post`` takes postsynaptic spikes.

    Raises
    ------
    ModelError
        If the file is wrong, or its model is a neuron.
    UnsupportedError
        For what the IR has no form for; names the construct.
    """
    from snnc.ir.read_model import read_model
    from snnc.nestml.network import model_text

    text = model_text(file, "synapse")
    name = model_library.register(read_model(text).name, text)
    return type(name, (StandardSynapseType,), synapse_attributes(model_library.load(name)))


class TimingDependence(ModelType):
    """Base of the rules that say how spike times change a weight."""


class WeightDependence(ModelType):
    """Base of the rules that say how a change depends on the weight."""


class SpikePairRule(TimingDependence):
    """Pairs of a presynaptic and a postsynaptic spike (Song, Miller & Abbott 2000)."""

    default_parameters: ClassVar[dict[str, Any]] = {
        "tau_plus": 20.0,
        "tau_minus": 20.0,
        "A_plus": 0.01,
        "A_minus": 0.01,
    }


class Vogels2011Rule(TimingDependence):
    """Nearest spikes in either order potentiate, presynaptic ones depress (Vogels et al. 2011).

    As PyNN's NEURON backend reads them, `eta` is in the unit of the weight and `rho` in spikes per
    millisecond: a presynaptic spike alone changes a weight by ``-2 * eta * rho * tau``.
    """

    default_parameters: ClassVar[dict[str, Any]] = {"tau": 20.0, "eta": 1e-10, "rho": 3.0}


class AdditiveWeightDependence(WeightDependence):
    """Changes that do not depend on the weight, within bounds."""

    default_parameters: ClassVar[dict[str, Any]] = {"w_min": 0.0, "w_max": 1.0}


class MultiplicativeWeightDependence(WeightDependence):
    """Changes in proportion to the distance from the bound."""

    default_parameters: ClassVar[dict[str, Any]] = {"w_min": 0.0, "w_max": 1.0}


class AdditivePotentiationMultiplicativeDepression(WeightDependence):
    """Additive potentiation, depression in proportion to the weight (van Rossum et al. 2000)."""

    default_parameters: ClassVar[dict[str, Any]] = {"w_min": 0.0, "w_max": 1.0}


class GutigWeightDependence(WeightDependence):
    """Powers of the distance from the bounds (Guetig et al. 2003)."""

    default_parameters: ClassVar[dict[str, Any]] = {
        "w_min": 0.0,
        "w_max": 1.0,
        "mu_plus": 0.5,
        "mu_minus": 0.5,
    }


class STDPMechanism(StandardSynapseType):
    """Plasticity by spike times, composed of a timing and a weight dependence.

    Parameters
    ----------
    timing_dependence, weight_dependence : TimingDependence, WeightDependence
        The rules; together they name a model of the library, ``STDP_<timing>_<weight>``.
    voltage_dependence : None
        No rule of this kind exists.
    dendritic_delay_fraction : float
        How much of the delay lies behind the synapse, from 0 to 1.
    weight, delay : number, array, distribution or expression of distance
        As for any synapse.
    """

    def __init__(
        self,
        timing_dependence: TimingDependence | None = None,
        weight_dependence: WeightDependence | None = None,
        voltage_dependence: Any = None,
        dendritic_delay_fraction: float = 1.0,
        weight: Any = 0.0,
        delay: Any = None,
    ) -> None:
        _check_rule("timing_dependence", timing_dependence, TimingDependence)
        _check_rule("weight_dependence", weight_dependence, WeightDependence)
        if voltage_dependence is not None:
            raise NoSuchModel("there is no plasticity model with a voltage dependence")
        if not 0.0 <= dendritic_delay_fraction <= 1.0:
            raise ValueRefused(
                "dendritic_delay_fraction out of range; "
                f"found {dendritic_delay_fraction:g}, expected 0 to 1"
            )
        assert timing_dependence is not None and weight_dependence is not None
        self.timing_dependence = timing_dependence
        self.weight_dependence = weight_dependence
        self.voltage_dependence = None
        self.dendritic_delay_fraction = float(dendritic_delay_fraction)
        timing, dependence = type(timing_dependence).__name__, type(weight_dependence).__name__
        self.model = f"{COMPOSED}{timing}_{dependence}"
        if self.model not in model_library.names():
            known = [name for name in model_library.names() if name.startswith(COMPOSED)]
            raise NoSuchModel(
                f"no plasticity model combines {timing} with {dependence}"
                f"{did_you_mean(self.model, known)}"
            )
        info = model_library.load(self.model)
        # What a mechanism has depends on its rules, so these are attributes of the object.
        own = self.__dict__
        own["default_parameters"] = {
            "weight": 0.0,
            "delay": None,
            **timing_dependence.default_parameters,
            **weight_dependence.default_parameters,
        }
        own["default_initial_values"] = {
            state.name: state.initial for state in info.states.values() if not state.hidden
        }
        rules = {**timing_dependence.parameters, **weight_dependence.parameters}
        if "dendritic_delay_fraction" in info.parameters:
            self.default_parameters["dendritic_delay_fraction"] = 1.0
            rules["dendritic_delay_fraction"] = self.dendritic_delay_fraction
        super().__init__(weight=weight, delay=delay, **rules)

    def has_parameter(self, name: str) -> bool:  # type: ignore[override]
        """Return whether one of the rules has the parameter `name`."""
        return name in self.default_parameters

    def get_parameter_names(self) -> list[str]:  # type: ignore[override]
        """Return the names of the parameters of all rules."""
        return list(self.default_parameters)

    def get_schema(self) -> dict[str, type]:  # type: ignore[override]
        """Return the type of each parameter."""
        return dict.fromkeys(self.default_parameters, float)

    @property
    def possible_models(self) -> set[str]:
        """The models of the library that fit; there is one."""
        return {self.model}

    def describe(
        self, template: str | None = "stdpmechanism_default.txt", engine: Any = "default"
    ) -> Any:
        """Return a description; with `template=None` the dictionary it is made from."""
        context = {
            "name": type(self).__name__,
            "timing_dependence": self.timing_dependence.describe(template=None),
            "weight_dependence": self.weight_dependence.describe(template=None),
            "voltage_dependence": None,
            "dendritic_delay_fraction": self.dendritic_delay_fraction,
        }
        if template == "stdpmechanism_default.txt":
            # PyNN names a template here that it does not come with.
            return f"STDPMechanism({self.timing_dependence!r}, {self.weight_dependence!r})"
        return descriptions.render(engine, template, context)


def _check_rule(name: str, rule: Any, kind: type) -> None:
    if not isinstance(rule, kind):
        raise TypeRefused(f"{name} must be a {kind.__name__}; found {rule!r}")


def tsodyks_markram_mechanism(
    U: float = 0.5,  # noqa: N803
    tau_rec: float = 100.0,
    tau_facil: float = 0.0,
    u0: float | None = None,
    **kept: Any,
) -> StandardSynapseType:
    """Return a Tsodyks-Markram synapse; the name and arguments of PyNN 0.7."""
    script.deprecated("TsodyksMarkramMechanism", "TsodyksMarkramSynapse")
    if u0 is not None:
        script.warn("the initial value u0 is set with Projection.initialize(u=...); ignored here")
    kind = synapse_type("TsodyksMarkramSynapse")
    return kind(U=U, tau_rec=tau_rec, tau_facil=tau_facil, **kept)
