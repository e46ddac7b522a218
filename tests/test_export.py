"""Models written in another language and read back."""

import pytest
from click.testing import CliRunner
from xdsl.dialects.builtin import FloatAttr, StringAttr, f64

from snnc import model_library
from snnc.cli import main
from snnc.importing.formats import export_cells
from snnc.ir.diagnostics import UnsupportedError
from snnc.ir.dialects import dyn
from snnc.ir.text import parse, print_text
from snnc.ir.units import format_unit
from snnc.nineml.composition import compose_cell
from snnc.passes.pipelines import parse_passes, run_passes

WRITTEN = [
    "IF_cond_alpha", "IF_cond_exp", "IF_cond_exp_gsfa_grr", "IF_curr_alpha",
    "IF_curr_delta", "IF_curr_exp", "IF_facets_hardware1", "Izhikevich", "LIF",
]  # fmt: skip


def statements(text):
    """Return the statements of a cell in coherent units, whatever their order and notes."""
    document = parse(text, "cell")
    run_passes(document, parse_passes("snnc-canonicalise"))
    for op in document.module.walk():
        for note in ("doc", "decay", "hidden"):
            op.properties.pop(note, None)
        if isinstance(op, dyn.ParamOp | dyn.StateOp):
            key = "default" if isinstance(op, dyn.ParamOp) else "initial"
            value = float(f"{op.properties[key].value.data * op.scale:.12g}")
            op.properties[key] = FloatAttr(value, f64)
            op.properties["unit"] = StringAttr(format_unit(op.type.exponents))
    return sorted(print_text(document).splitlines())


@pytest.mark.parametrize("name", WRITTEN)
def test_a_cell_written_as_nineml_is_read_back_equal(name, tmp_path):
    text, file = model_library.source(name)
    (written,) = export_cells(parse(text, file), "NineML").values()
    path = tmp_path / "cell.xml"
    path.write_text(written)
    assert statements(compose_cell(name, path, {})) == statements(text)


POISSON = """dyn.cell @Noise {
  param rate : 1/ms = 0.005
  param amplitude : 1 = 0.5
  emit poisson rate * (1.0 + amplitude * sin(t / 100.0 [ms]))
}"""


def test_a_poisson_process_written_as_nineml_is_one_again(tmp_path):
    path = tmp_path / "noise.xml"
    path.write_text(export_cells(parse(POISSON, "noise"), "nineml")["Noise"])
    assert statements(compose_cell("Noise", path, {})) == statements(POISSON)


def test_what_nineml_cannot_express_is_refused_by_name():
    hodgkin = parse(*model_library.source("HH_cond_exp"))
    with pytest.raises(UnsupportedError, match="NineML has no 'exprel'"):
        export_cells(hodgkin, "nineml")
    listed = parse(*model_library.source("SpikeSourceArray"))
    with pytest.raises(UnsupportedError, match=r"NineML has no form for 'dyn\."):
        export_cells(listed, "nineml")


def test_the_command_prints_a_file_and_names_unknown_languages(tmp_path):
    done = CliRunner().invoke(main, ["export", str(model_library.find("LIF")), "-f", "nineml"])
    assert done.exit_code == 0, done.output
    assert '<ComponentClass name="LIF">' in done.output
    done = CliRunner().invoke(main, ["export", str(model_library.find("LIF")), "-f", "ninml"])
    assert done.exit_code == 2
    assert "no export to 'ninml'; did you mean 'nineml'?" in done.output
