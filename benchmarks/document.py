"""From the description of a network to a document of snnc."""

from __future__ import annotations

from snnc import model_library
from snnc.benchmarks.description import Draw, Network, Population, Projection, Value
from snnc.benchmarks.geometry import positions
from snnc.ir.build import NetworkBuilder
from snnc.ir.text import Document
from snnc.ir.values import DistanceExpression, Option, Random, Sequences
from snnc.ir.values import Value as BuilderValue

SYNAPSES = {
    "static": "StaticSynapse",
    "stdp": "STDP_SpikePairRule_AdditiveWeightDependence",
    "tsodyks_markram": "TsodyksMarkramSynapse",
}


def document(network: Network, seed: int) -> Document:
    """Return the network as a document, with all spikes of its cells recorded."""
    builder = NetworkBuilder(network.name, dt=network.dt, seed=seed)
    models = {population.model for population in network.populations}
    models |= {SYNAPSES[projection.synapse] for projection in network.projections}
    if any(population.drive for population in network.populations):
        models |= {"SpikeSourcePoisson", SYNAPSES["static"]}
    for model in sorted(models):
        builder.use_model(*model_library.source(model))
    for population in network.populations:
        _add_population(builder, population)
    for population in network.cells:
        builder.record(population.name, ["spikes"])
    if network.record_v is not None:
        builder.record(network.record_v, ["v"])
    _add_projections(builder, network.projections)
    return builder.finish()


def _add_population(builder: NetworkBuilder, population: Population) -> None:
    builder.population(
        population.name,
        population.size,
        population.model,
        parameters={key: _value(value) for key, value in population.parameters.items()},
        initial={key: _value(value) for key, value in population.initial.items()},
        positions=None if population.grid is None else positions(population),
    )
    drive = population.drive
    if drive is not None:
        source = f"{population.name}_drive"
        builder.population(
            source, population.size, "SpikeSourcePoisson", parameters={"rate": drive.rate}
        )
        builder.projection(
            f"{source}_input",
            source,
            population.name,
            ("one_to_one", {}),
            SYNAPSES["static"],
            "excitatory",
            drive.weight,
            drive.delay,
        )


def _add_projections(builder: NetworkBuilder, projections: tuple[Projection, ...]) -> None:
    groups: dict[tuple[str, ...], str] = {}
    for projection in projections:
        post = projection.post
        if post not in groups:
            groups[post] = post[0] if len(post) == 1 else "_".join(post)
            if len(post) > 1:
                builder.assembly(groups[post], list(post))
        builder.projection(
            projection.name,
            projection.pre,
            groups[post],
            (projection.rule, {k: _option(k, v) for k, v in projection.options.items()}),
            SYNAPSES[projection.synapse],
            projection.receptor,
            _value(projection.weight),
            _value(projection.delay),
            parameters=dict(projection.parameters),
        )


def _value(value: Value | list[float]) -> BuilderValue:
    if isinstance(value, Draw):
        return Random(value.name, value.params)
    if isinstance(value, list):
        return Sequences.of([value])
    return value


def _option(name: str, value: Option) -> Option:
    return DistanceExpression(str(value)) if name == "d_expression" else value
