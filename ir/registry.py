"""What can be chosen by name: dialects, passes, targets, connectors.

An entry names the place of its implementation as ``module:attribute``; nothing is imported before
it is asked for. Adding one is one line.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from snnc.ir.diagnostics import OptionError, did_you_mean


class Registry:
    """Names, each with the place of its implementation and one line about it.

    Parameters
    ----------
    kind : str
        What the names stand for, as used in messages.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, tuple[str, str]] = {}
        self._families: set[str] = set()

    def add(self, name: str, place: str, description: str, *, family: bool = False) -> None:
        """Enter `name`, implemented at `place` (``module:attribute``).

        Of a family, `place` is a function that returns the member of a name.

        Raises
        ------
        OptionError
            If the name is taken by another place.
        """
        if self._entries.get(name, (place, ""))[0] != place:
            raise OptionError(f"{self.kind} '{name}' is registered twice")
        self._entries[name] = (place, description)
        if family:
            self._families.add(name)

    def get(self, name: str) -> Any:
        """Return the implementation of `name`.

        Raises
        ------
        OptionError
            If there is no such name.
        """
        module, attribute = self._entry(name)[0].split(":")
        found = getattr(import_module(module), attribute)
        return found(name) if name in self._families else found

    def describe(self, name: str) -> str:
        """Return the line about `name`."""
        return self._entry(name)[1]

    def names(self) -> list[str]:
        """Return all names in the order of their entry."""
        return list(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def _entry(self, name: str) -> tuple[str, str]:
        if name not in self._entries:
            hint = did_you_mean(name, self._entries)
            raise OptionError(f"unknown {self.kind} '{name}'{hint}")
        return self._entries[name]


EMULATION = "-emulation"
"""Ends the name of a target that computes here what another one computes elsewhere."""

DIALECTS = Registry("dialect")
PASSES = Registry("pass")
TARGETS = Registry("target")
CONNECTORS = Registry("connector")

DIALECTS.add("snn", "snnc.ir.dialects.snn:Snn", "networks of populations and projections")
DIALECTS.add("dyn", "snnc.ir.dialects.dyn:Dyn", "equations of cells, with units as types")
DIALECTS.add("syn", "snnc.ir.dialects.syn:Syn", "synapse models as event-driven equations")
DIALECTS.add("step", "snnc.ir.dialects.step:Step", "one step of dt, with the solver chosen")
DIALECTS.add("map", "snnc.ir.dialects.map:Map", "networks on the cores of a machine")
DIALECTS.add("analog", "snnc.ir.dialects.analog:Analog", "networks on chips of analog circuits")
DIALECTS.add("wafer", "snnc.ir.dialects.wafer:Wafer", "networks on wafers of HICANNs")
DIALECTS.add("fx", "snnc.ir.dialects.fx:Fx", "cells in fixed point, bit by bit")
DIALECTS.add("native", "snnc.ir.dialects.native:Native", "what models are in other simulators")

PASSES.add(
    "snnc-canonicalise",
    "snnc.passes.canonicalise:CanonicalisePass",
    "fold constants, share equal expressions, drop unused ones",
)
PASSES.add(
    "solve", "snnc.passes.solving.solve:SolvePass", "choose solvers and write cells as one step"
)
PASSES.add(
    "hoist-constants",
    "snnc.passes.hoist_constants:HoistConstantsPass",
    "compute what depends on parameters alone once",
)
PASSES.add(
    "erase-units",
    "snnc.passes.erase_units:EraseUnitsPass",
    "turn quantities into floats of one precision",
)

CONNECTORS.add("all_to_all", "snnc.codegen.connectors.all_to_all:AllToAll", "all pairs")
CONNECTORS.add("one_to_one", "snnc.codegen.connectors.one_to_one:OneToOne", "equal positions")
CONNECTORS.add(
    "fixed_probability",
    "snnc.codegen.connectors.fixed_probability:FixedProbability",
    "each pair with the same probability",
)
CONNECTORS.add(
    "distance_dependent_probability",
    "snnc.codegen.connectors.distance_dependent_probability:DistanceDependentProbability",
    "each pair with a probability that depends on distance",
)
CONNECTORS.add(
    "fixed_number_pre",
    "snnc.codegen.connectors.fixed_number_pre:FixedNumberPre",
    "the same number onto each postsynaptic cell",
)
CONNECTORS.add(
    "fixed_number_post",
    "snnc.codegen.connectors.fixed_number_post:FixedNumberPost",
    "the same number from each presynaptic cell",
)
CONNECTORS.add(
    "fixed_total_number",
    "snnc.codegen.connectors.fixed_total_number:FixedTotalNumber",
    "a fixed number in all",
)
CONNECTORS.add("from_list", "snnc.codegen.connectors.from_list:FromList", "pairs of a list")
CONNECTORS.add("array", "snnc.codegen.connectors.array:Array", "pairs of a boolean matrix")
PASSES.add(
    "place-parameters",
    "snnc.passes.place_parameters:PlaceParametersPass",
    "mark the parameters that have one value per cell",
)
PASSES.add(
    "solve-synapses",
    "snnc.passes.solving.solve_synapse:SolveSynapsesPass",
    "write synapses as closed forms of the time between events",
)
PASSES.add(
    "place-synapse-states",
    "snnc.passes.place_synapse_states:PlaceSynapseStatesPass",
    "give each projection the form of its synapse model that its values need",
)
PASSES.add(
    "bucket-delays",
    "snnc.passes.bucket_delays:BucketDelaysPass",
    "give projections their delays in whole steps",
)
PASSES.add(
    "fuse-poisson",
    "snnc.passes.fuse_poisson:FusePoissonPass",
    "deliver one-to-one Poisson input by counts",
)
PASSES.add(
    "pack-arrivals",
    "snnc.passes.pack_arrivals:PackArrivalsPass",
    "mark the receptors that sum integers",
)
PASSES.add(
    "choose-storage",
    "snnc.passes.choose_storage:ChooseStoragePass",
    "choose how synapses are kept, and which are kept together",
)
PASSES.add(
    "partition",
    "snnc.passes.partition:PartitionPass",
    "cut populations into slices that threads own",
)
PASSES.add(
    "match-native",
    "snnc.passes.native.match_native:MatchNativePass",
    "find the models of a simulator that models are",
)
PASSES.add(
    "stand-in",
    "snnc.passes.native.stand_in:StandInPass",
    "put models without equations in the place of a simulator's own",
)
PASSES.add(
    "replay-sources",
    "snnc.passes.replay_sources:ReplaySourcesPass",
    "turn sources into lists of spikes",
)
PASSES.add(
    "uncouple",
    "snnc.passes.uncouple:UncouplePass",
    "feed synapses from copies of the cells that replay spikes",
)
PASSES.add(
    "choose-chip",
    "snnc.passes.analog.chips:ChooseChipPass",
    "begin a mapping onto analog chips",
)
PASSES.add(
    "match-analog",
    "snnc.passes.analog.match:MatchAnalogPass",
    "find the analog circuits that models are, and the codes that set them",
)
PASSES.add(
    "emulate-analog",
    "snnc.passes.analog.emulate:EmulateAnalogPass",
    "write the network that an analog chip computes",
)
PASSES.add(
    "quantise-weights",
    "snnc.passes.analog.quantise:QuantiseWeightsPass",
    "write weights in the steps of a chip",
)
PASSES.add(
    "place-circuits",
    "snnc.passes.crossbar.place:PlaceCircuitsPass",
    "choose circuits of cells and buses of spikes",
)
PASSES.add(
    "label-events",
    "snnc.passes.crossbar.label:LabelEventsPass",
    "give sources labels, and open the crossbar for them",
)
PASSES.add(
    "fill-rows",
    "snnc.passes.crossbar.fill:FillRowsPass",
    "choose synapse drivers, and put synapses into rows",
)
PASSES.add(
    "walk-events",
    "snnc.passes.crossbar.walk:WalkEventsPass",
    "refuse settings of chips that deliver wrongly",
)
PASSES.add(
    "list-synapses",
    "snnc.passes.list_synapses:ListSynapsesPass",
    "draw the synapses of projections, and list them",
)
PASSES.add("set-time-step", "snnc.passes.set_time_step:SetTimeStepPass", "change the time step")
PASSES.add("reseed", "snnc.passes.reseed:ReseedPass", "change all seeds")
PASSES.add(
    "expect-rates",
    "snnc.passes.spinnaker.rates:ExpectRatesPass",
    "note how often cells are expected to fire",
)
PASSES.add(
    "partition-cores",
    "snnc.passes.spinnaker.partition:PartitionCoresPass",
    "cut populations into slices on SpiNNaker's cores",
)
PASSES.add(
    "quantise",
    "snnc.passes.spinnaker.quantise:QuantisePass",
    "give cells the fixed-point arithmetic of a machine",
)
PASSES.add(
    "choose-current-unit",
    "snnc.passes.spinnaker.current_units:ChooseCurrentUnitPass",
    "choose what currents on SpiNNaker count in",
)
PASSES.add(
    "choose-shifts",
    "snnc.passes.spinnaker.shifts:ChooseShiftsPass",
    "choose what synaptic weights on SpiNNaker are multiples of",
)
PASSES.add(
    "place-cores",
    "snnc.passes.spinnaker.place:PlaceCoresPass",
    "give cores places, so that packets take few links",
)
PASSES.add(
    "grow-trees",
    "snnc.passes.spinnaker.trees:GrowTreesPass",
    "find the links that multicast packets take",
)
PASSES.add(
    "allocate-keys",
    "snnc.passes.spinnaker.keys:AllocateKeysPass",
    "give slices blocks of routing keys",
)
PASSES.add(
    "make-tables",
    "snnc.passes.spinnaker.tables:MakeTablesPass",
    "write the routing tables of trees and keys",
)
PASSES.add(
    "compress-tables",
    "snnc.passes.spinnaker.compress:CompressTablesPass",
    "join entries of routing tables",
)
PASSES.add(
    "walk-packets",
    "snnc.passes.spinnaker.walk:WalkPacketsPass",
    "refuse routing tables that deliver wrongly",
)
PASSES.add(
    "place-neurons",
    "snnc.passes.wafer.place:PlaceNeuronsPass",
    "give neurons circuits of a wafer, and what sends addresses",
)
PASSES.add(
    "route-lines",
    "snnc.passes.wafer.route:RouteLinesPass",
    "carry spikes over the lines of a wafer",
)
PASSES.add(
    "assign-rows",
    "snnc.passes.wafer.assign:AssignRowsPass",
    "give synapses drivers, rows and columns of a wafer",
)
PASSES.add(
    "walk-lines",
    "snnc.passes.wafer.walk:WalkLinesPass",
    "refuse settings of a wafer that deliver wrongly",
)

TARGETS.add("cpu", "snnc.codegen.cpu:CPU", "compiled kernels on this machine's processor")
TARGETS.add("brian2", "snnc.codegen.brian2:BRIAN2", "the simulator Brian2")
TARGETS.add("nest", "snnc.codegen.nest:NEST", "the simulator NEST")
TARGETS.add("neuron", "snnc.codegen.neuron:NEURON", "the simulator NEURON")
TARGETS.add(
    "spinnaker-emulation",
    "snnc.codegen.spinnaker_emulation:EMULATION",
    "what SpiNNaker computes, to the bit, on this machine's processor",
)
TARGETS.add("spinnaker", "snnc.codegen.spinnaker:SPINNAKER", "the neuromorphic chip SpiNNaker")
TARGETS.add(
    "brainscales1",
    "snnc.codegen.wafer:wafer_target",
    "the analog neuromorphic wafer of HICANNs",
    family=True,
)
TARGETS.add(
    "brainscales2",
    "snnc.codegen.crossbar:crossbar_target",
    "the analog neuromorphic chip HICANN-X",
    family=True,
)
TARGETS.add(
    "brainscales1-emulation",
    "snnc.codegen.analog_emulation:emulation_target",
    "what BrainScaleS-1 computes, with its deviations, on this machine's processor",
    family=True,
)
TARGETS.add(
    "brainscales2-emulation",
    "snnc.codegen.analog_emulation:emulation_target",
    "what BrainScaleS-2 computes, with its deviations, on this machine's processor",
    family=True,
)
