"""What the compiler makes of generated kernels: full vectors, nothing called, no masked stores."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import llvmlite.binding as llvm
import pytest
from single_cells import builder_of

import snnc
from snnc.codegen.accumulator import Accumulator
from snnc.hardware.cpu import CPU
from snnc.runtime.engine.tables import address, aligned_zeros
from snnc.runtime.jit.cache import source_of
from snnc.runtime.jit.compiler import assembly
from snnc.runtime.jit.philox import ROUNDS

MODELS = ("IF_curr_exp", "IF_cond_exp", "HH_cond_exp")
PRECISIONS = ("f64", "f32", "packed")
pytestmark = pytest.mark.skipif(
    "x86_64" not in llvm.get_default_triple(), reason="looks for x86-64 instructions"
)


def text_of(model: str, precision: str) -> str:
    builder = builder_of([model])
    builder.population("cells", 100, model)
    network = snnc.compile(builder.finish(), precision=precision)
    kernel = network.artifact.cells[model].kernel
    assert kernel is not None
    return kernel.text


@cache
def code(model: str, precision: str) -> str:
    return assembly(text_of(model, precision))


def widest() -> str:
    features = llvm.get_host_cpu_features()
    return "zmm" if features.get("avx512f") else "ymm" if features.get("avx2") else "xmm"


def called(text: str) -> set[str]:
    """Return what is called by name, or through an address so loaded, and is not in the text."""
    names = re.findall(r"^\s*(?:call\w*|jmp)\s+(?!\.)([A-Za-z_][\w.]*)", text, re.M)
    names += re.findall(r"movabsq\s+\$([A-Za-z_][\w.]*), %r\w+", text)
    return set(names) - set(re.findall(r"^([A-Za-z_][\w.]*):", text, re.M))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", MODELS)
def test_updates_use_whole_vectors(model: str, precision: str):
    text, kind = code(model, precision), "pd" if precision == "f64" else "ps"
    for operation in ("v(?:fn?m(?:add|sub)\\w*|mul|add)" + kind, "vcmp\\w*" + kind):
        assert re.search(rf"^\s*{operation}\s.*%{widest()}", text, re.M), operation
    if precision == "packed":
        assert re.search(rf"vcvtdq2ps\s.*%{widest()}", text)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", [*MODELS, "SpikeSourcePoisson"])
def test_updates_call_nothing(model: str, precision: str):
    assert called(code(model, precision)) <= {"memset"}


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", [*MODELS, "SpikeSourcePoisson"])
def test_stores_are_not_masked(model: str, precision: str):
    text = code(model, precision)
    assert "maskmov" not in text
    assert not re.search(r"^\s*v\w+\s+%[xyz]mm\d+, [^%\n]*\([^)\n]*\)\s*\{%k", text, re.M)


def test_counts_are_drawn_with_whole_vectors():
    text = code("SpikeSourcePoisson", "f64")
    # The first round multiplies a number that is the same in all lanes.
    assert len(re.findall(rf"vpmul(?:udq|lq)\s.*%{widest()}", text)) >= 2 * ROUNDS - 2
    compared = rf"v(?:pcmp\w*uw|pmaxuw|pminuw|psubusw)\s.*%{widest()}"
    assert re.search(compared, text)


def test_arrays_of_an_update_are_not_in_each_others_way():
    """A read is held up by a write under way to an address with the same lowest 12 bits."""
    assert all(address(aligned_zeros(n, "f4")) % CPU.stride == 0 for n in (1, 63, 800, 3200))
    builder = builder_of(["IF_cond_exp"])
    for size in (100, 3201, 7):
        builder.population(f"cells_{size}", size, "IF_cond_exp")
    artifact = snnc.compile(builder.finish()).artifact
    first = Accumulator(artifact.populations, artifact.cells, 0).first
    large = [place for (name, _), place in first.items() if name != "cells_7"]
    assert large and all(8 * place % CPU.stride == 0 for place in large)


def test_samples_go_past_the_caches():
    text = assembly(source_of("record_trace").text)
    assert re.search(r"^\s*v?movnt\w+\s+%[xyz]mm", text, re.M)


def test_updates_compute_two_vectors_side_by_side():
    """The divisions of two vectors stand next to each other, before the results of either."""
    lines = [line.split("#")[0] for line in code("IF_cond_exp", "f64").splitlines()]
    divisions = [i for i, line in enumerate(lines) if re.search(rf"vdivpd\s.*%{widest()}", line)]
    stores = [i for i, line in enumerate(lines) if re.search(rf"vmovupd\s+%{widest()}\d+, ", line)]
    pairs = pairwise(divisions)
    assert any(not any(a < store < b for store in stores) for a, b in pairs)


def test_interleaving_is_for_cells_with_functions():
    """Light updates wait for memory, and become slower."""
    assert "INTERLEAVE" in text_of("IF_cond_exp", "f64")
    assert "INTERLEAVE" not in text_of("IF_curr_alpha", "f64")
