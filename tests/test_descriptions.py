"""Descriptions of chips: the packaged ones, what users replace, and files that are wrong."""

from __future__ import annotations

import pytest

from snnc.hardware.crossbar import load_crossbar_chip
from snnc.hardware.descriptions import chip_names, describe
from snnc.ir.diagnostics import ModelError, OptionError, UserError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SNNC_CHIP_PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", chip_names())
def test_every_figure_of_a_packaged_chip_names_its_source(name):
    chip = describe(name)
    assert all(figure.source for figure in (*chip.figures.values(), *chip.ranges.values()))


def test_the_crossbar_of_hicann_x_has_76_nodes_and_outputs_reach_one_bus_of_each_block():
    chip = load_crossbar_chip("brainscales2")
    assert len(chip.nodes) == 76
    for output in range(8):
        assert {n for o, n in chip.nodes if o == output} == {
            output % 4,
            4 + output % 4,
            8 + output % 4,
        }
    assert chip.circuits == 512


def test_each_row_of_a_block_belongs_to_one_driver():
    chip = load_crossbar_chip("brainscales2")
    rows = {
        chip.row_of(bus, driver, which)
        for bus in range(chip.buses)
        for driver in range(chip.drivers)
        for which in (0, 1)
    }
    assert rows == set(range(256))
    assert chip.row_of(0, 0, 0) == 1  # the top row of a driver is the odd one
    assert chip.row_of(1, 2, 1) == 18


def test_a_users_file_replaces_the_figures_that_it_gives(folder):
    (folder / "brainscales2.toml").write_text(
        "[figures]\nspeedup = 500\n[ranges]\ntau_m = [1.0, 20.0]\n"
    )
    chip = describe("brainscales2")
    assert chip.count("speedup") == 500
    assert chip.range("tau_m") == (1.0, 20.0)
    assert "speedup" not in chip.unverified
    assert "weight_bits" in chip.unverified
    assert chip.count("columns") == 256


def test_another_chip_is_one_file(folder):
    packaged = describe("brainscales2")
    lines = ['label = "Narrow"', 'topology = "crossbar"', "[figures]"]
    lines += [
        f"{name} = {list(f.value) if isinstance(f.value, tuple) else f.value!r}"
        for name, f in packaged.figures.items()
        if name not in ("columns", "joined_columns")
    ]
    lines += ["columns = 64", "joined_columns = 32"]
    (folder / "narrow.toml").write_text("\n".join(lines))
    assert "narrow" in chip_names()
    assert load_crossbar_chip("narrow").circuits == 128


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[figurs]\n", "unknown section 'figurs'"),
        ("figures = 3\n", "expected a table of figures"),
        ("[figures.rows]\nvalue = 3\n", "figure 'rows' needs 'source'"),
        ("[figures.rows]\nvalu = 3\n", "unknown field 'valu'"),
        ("[figures]\nrows = true\n", "is a number, text or list"),
        ("[figures\n", "cannot read this description"),
        ('topology = "ring"\n', "unknown topology 'ring'"),
        ("[figures]\nrows = 100\n", "found drivers for 256"),
        ("[figures]\nrows = [1]\n", "'rows' of BrainScaleS-2, HICANN-X is a whole number"),
        ("[figures]\nrow_select_bits = 4\n", "drivers of"),
        ("[figures]\njoined_columns = 100\n", "do not fall into equal runs"),
        ('[figures]\ncrossbar = ["X"]\n', "has 20 inputs and 12 outputs"),
        ("[figures]\nlabel_bits = [6]\n", "'label_bits'"),
        ('topology = "wafer"\n', "is a wafer; expected a crossbar"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(folder, text, message):
    (folder / "brainscales2.toml").write_text(text)
    with pytest.raises(UserError, match=message):
        load_crossbar_chip("brainscales2")


def test_chips_without_a_label_or_name_are_refused(folder):
    (folder / "mine.toml").write_text('topology = "crossbar"\n')
    with pytest.raises(ModelError, match=r"mine.toml.*needs 'label'"):
        describe("mine")
    with pytest.raises(OptionError, match="unknown chip 'brainscale2'; did you mean"):
        describe("brainscale2")
