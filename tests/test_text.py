"""Documents as text and as files: what is saved is what is loaded, and damage is noticed."""

import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import builder, example_models

from snnc.ir.build import NetworkBuilder
from snnc.ir.context import context
from snnc.ir.diagnostics import ModelError, OptionError
from snnc.ir.registry import DIALECTS, Registry
from snnc.ir.text import Document, load, parse, print_text, save, verify
from snnc.ir.values import DistanceExpression, Random


@pytest.fixture
def document():
    build = builder(seed=3)
    build.population("E", 5, "Curr", label="Körnerzellen", parameters={"cm": np.arange(1.0, 6.0)})
    build.projection(
        "file",
        "E",
        "E",
        ("all_to_all", {}),
        "Static",
        "excitatory",
        np.arange(25.0).reshape(5, 5),
        DistanceExpression("0.5+0.01*d"),
    )
    return build.finish()


def test_a_saved_network_is_loaded_in_a_fresh_process(document, tmp_path):
    path = tmp_path / "net.mlir"
    save(document, path)
    assert sorted(os.listdir(tmp_path)) == ["net.mlir", "net.npz"]
    script = (
        "import sys; from snnc.ir.text import load, print_text\n"
        "document = load(sys.argv[1])\n"
        "sys.stdout.write(print_text(document))\n"
        "print([(k, v.dtype.name, v.sum()) for k, v in sorted(document.resources.items())])\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    ).stdout
    arrays = "[('E.cm', 'float64', 15.0), ('file.weight', 'float64', 300.0)]".replace(
        "15.0", repr(np.float64(15.0))
    ).replace("300.0", repr(np.float64(300.0)))
    assert found == f"{print_text(document)}{arrays}\n"


def test_saving_twice_writes_the_same_bytes(document, tmp_path):
    save(document, tmp_path / "a.mlir")
    save(load(tmp_path / "a.mlir"), tmp_path / "b.mlir")
    for suffix in (".mlir", ".npz"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_loaded_arrays_cannot_be_changed_by_accident(document, tmp_path):
    save(document, tmp_path / "net.mlir")
    with pytest.raises(ValueError, match="read-only"):
        load(tmp_path / "net.mlir").resources["E.cm"][0] = 0.0


def test_arrays_of_another_network_are_refused(document, tmp_path):
    path = tmp_path / "net.mlir"
    save(document, path)
    arrays = dict(np.load(tmp_path / "net.npz"))
    arrays["E.cm"] = arrays["E.cm"] * 2.0
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(ModelError, match=r"array 'E.cm' is not the one meant; found content") as e:
        load(path)
    number = 1 + next(i for i, t in enumerate(path.read_text().splitlines()) if "population" in t)
    assert (e.value.location.file, e.value.location.line) == (str(path), number)
    arrays["E.cm"] = arrays["E.cm"][:3]
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(ModelError, match=r"found float64 of shape \[3\], expected float64 of sh"):
        load(path)
    del arrays["E.cm"]
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(ModelError, match=r"net.mlir:\d+:5: error: array 'E.cm' is missing"):
        load(path)


def test_missing_and_damaged_files_are_named(document, tmp_path):
    path = tmp_path / "net.mlir"
    with pytest.raises(ModelError, match=r"cannot read .*net.mlir': No such file"):
        load(path)
    with pytest.raises(ModelError, match=r"cannot write .*nowhere"):
        save(document, tmp_path / "nowhere" / "net.mlir")
    save(document, path)
    whole = (tmp_path / "net.npz").read_bytes()
    for damaged in (b"", b"not a zip file", whole[: len(whole) // 2]):
        (tmp_path / "net.npz").write_bytes(damaged)
        with pytest.raises(ModelError, match=r"net.npz' is damaged"):
            load(path)
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        for name in document.resources:
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00")
    with pytest.raises(ModelError, match=r"net.npz' is damaged"):
        load(path)
    (tmp_path / "net.npz").unlink()
    with pytest.raises(ModelError, match=r"net.npz' is missing; the network's arrays are kept"):
        load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="not text in UTF-8"):
        load(path)


def test_objects_are_never_unpickled(document, tmp_path):
    path = tmp_path / "net.mlir"
    save(document, path)
    arrays = {name: np.array([print], dtype=object) for name in document.resources}
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(ModelError, match="damaged: Object arrays cannot be loaded"):
        load(path)


def test_a_failed_save_leaves_the_old_files(document, tmp_path, monkeypatch):
    path = tmp_path / "net.mlir"
    save(document, path)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}
    document.resources["E.cm"] = np.array([None])
    with pytest.raises(ValueError, match="Object arrays"):
        save(document, path)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before


MALFORMED = [
    ("snn.network", (1, 12), "symbol"),
    ("snn.network @n {dt = 0.1\n", (2, 1), "'}'"),
    ("snn.netwrk @n", (1, 1), "unknown operation 'snn.netwrk'"),
    ('"snn.population"() : () -> ()', (1, 1), "snn.population"),
    ("a\nb", (1, 1), "unknown operation 'a'"),
    ('snn.record @E variables ["v] ', (1, 26), "string"),
    ("snn.inject @s onto @E", (1, 15), "Expected 'into'"),
    ("snn.projection @p from @E to @E weight 1", (1, 33), "expected 'connector'"),
    ("snn.view @v of @E indices #snn.range<1, 2, 0>", (1, 37), "step other than 0"),
    ("snn.view @v of @E indices #snn.rnge<1, 2, 3>", None, "'snn.rnge' is not registered"),
    ("snn.view @v of @E indices 3", (1, 1), "'snn.view': Unexpected attribute 3.0"),
    (
        'snn.view @v of @E indices #snn.array<"a", "complex64", [2], "0">',
        (1, 43),
        "array type 'complex64'; expected one of float64, int64, bool",
    ),
    (
        "snn.population @E [1] of @M parameters {a = #snn.random<\"unifrom\", {low = 0.0}>}",
        (1, 56),
        "unknown distribution 'unifrom'; did you mean 'uniform'?",
    ),
    (
        'snn.population @E [1] of @M parameters {a = #snn.distance<"d.real">}',
        (1, 58),
        "column 1: attribute '.real' is not arithmetic",
    ),
    ("snn.population @E [1] of @M parameters {a = 1.0, a = 2.0}", (1, 50), "'a' is given twice"),
    ("snn.population @E [1] of @M parameters {a = -}", (1, 46), "number after '-'"),
    ("snn.population @E [1] of @M {size = 3}", (1, 29), "unknown 'size'"),
    ("snn.population @E [9999999999999999999999] of @M", None, "out of range"),
    (
        "snn.projection @p from @E to @E\n connector #snn.connector<\"c\"> synapse @S"
        " receptor \"r\" weight 1.0 delay 1.0\n space #snn.space<axes = \"w\">",
        (3, 18),
        "unknown axes 'w'",
    ),
    ("%0 = \"arith.constant\"() : () -> f64", (1, 1), "value"),
    ("\0", (1, 1), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "message"), MALFORMED, ids=[m[0][:40] for m in MALFORMED]
)
def test_malformed_text_is_refused_with_its_place(text, place, message):
    with pytest.raises(ModelError) as error:
        verify(parse(text, "net.mlir"))
    assert message in error.value.message
    assert "\n" not in error.value.message
    assert error.value.location.file == "net.mlir"
    if place is not None:
        assert (error.value.location.line, error.value.location.column) == place


WORDS = """snn.population snn.view snn.network snn.projection @E @p { } [ ] ( ) < > , = "a"
"snn.view" 3 -1 0.5 nan #snn.random #snn.array #snn.space #snn.range of from to indices weight
connector parameters attributes : () -> loc("a":1:2) <{ }> i64 ^bb0 %0 !dyn.q"""
SCRAPS = st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=12).map(" ".join)


@settings(deadline=None)
@given(st.one_of(SCRAPS, st.text(max_size=30)))
def test_any_text_parses_or_is_refused_with_a_place(text):
    try:
        verify(parse(text, "any"))
    except ModelError as error:
        assert error.location is not None


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_damage_anywhere_is_refused_with_a_place_or_harmless(data):
    build = builder()
    build.population("E", 5, "Curr", initial={"v": Random("uniform", {"low": -1.0, "high": 0.0})})
    build.record("E", ["v"])
    text = print_text(build.finish(), generic=data.draw(st.booleans()))
    start = data.draw(st.integers(text.index("snn.network"), len(text) - 1))
    end = data.draw(st.integers(start, min(start + 9, len(text))))
    damaged = text[:start] + data.draw(st.text('{}<>@#"1.e-, ', max_size=2)) + text[end:]
    try:
        verify(parse(damaged, "any"))
    except ModelError as error:
        assert error.location is not None


def test_deep_nesting_is_refused():
    with pytest.raises(ModelError, match="nested too deeply"):
        parse('"builtin.module"() ({\n' * 3000, "deep.mlir")


def test_a_document_has_one_network():
    with pytest.raises(ModelError, match=r"a.mlir:1: error: expected one network; found 0"):
        _ = parse("builtin.module {}", "a.mlir").network
    assert isinstance(NetworkBuilder().finish(), Document)


# --- other tools ---


@pytest.fixture
def shipped():
    """A network of models that come with snnc."""
    build = NetworkBuilder("net", 0.1, 7)
    for model in ("IF_cond_exp", "StaticSynapse", "TsodyksMarkramSynapse"):
        path = example_models() / f"{model}.mlir"
        build.use_model(path.read_text(), str(path))
    build.population("E", 10, "IF_cond_exp", parameters={"tau_m": 15.0}, label='with "quotes"')
    build.view("some", "E", slice(0, 5))
    build.source("dc", "dc", parameters={"amplitude": 0.5, "stop": np.inf})
    build.inject("dc", "some")
    build.projection(
        "p",
        "E",
        "some",
        ("fixed_probability", {"p_connect": 0.1, "allow_self_connections": False}),
        "TsodyksMarkramSynapse",
        "excitatory",
        Random("normal_clipped", {"mu": 0.1, "sigma": 0.1, "low": 0.0, "high": np.inf}, 5),
        DistanceExpression("0.5+0.01*d"),
    )
    build.record("E", ["spikes", "v"])
    return build.finish()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("generic", [False, True])
def test_xdsl_opt_reads_it(shipped, tmp_path, generic):
    path = tmp_path / "net.mlir"
    path.write_text(print_text(shipped, generic))
    tool = os.path.join(os.path.dirname(sys.executable), "xdsl-opt")
    found = run(tool, str(path))
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == print_text(shipped).strip()


def test_mlir_opt_reads_the_generic_form(shipped, tmp_path):
    tool = shutil.which("mlir-opt-19") or shutil.which("mlir-opt")
    if tool is None:
        pytest.skip("mlir-opt-19 is not installed (Debian: mlir-19-tools)")
    path = tmp_path / "net.mlir"
    path.write_text(print_text(shipped, generic=True))
    found = run(tool, "--allow-unregistered-dialect", "--mlir-print-op-generic", str(path))
    assert found.returncode == 0, found.stderr
    verify(parse(found.stdout, "from-mlir-opt.mlir"))


# --- the registry ---


def test_registry_imports_when_asked():
    registry = Registry("thing")
    registry.add("path", "os.path:join", "joins")
    registry.add("broken", "no.such.module:x", "is never imported")
    assert registry.get("path") is os.path.join
    assert registry.names() == ["path", "broken"]
    assert registry.describe("path") == "joins"
    assert "path" in registry
    with pytest.raises(OptionError, match="unknown thing 'paht'; did you mean 'path'"):
        registry.get("paht")
    with pytest.raises(OptionError, match="registered twice"):
        registry.add("path", "os.path:split", "splits")


def test_every_dialect_is_loaded_when_it_is_met():
    loader = context()
    for name in DIALECTS.names():
        dialect = loader.get_dialect(name)
        assert dialect.name == name
        assert DIALECTS.describe(name)
