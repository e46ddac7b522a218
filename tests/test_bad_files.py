"""Files that are malformed, hostile or wrong: one located error from every command."""

import re

import numpy as np
import pytest
from click.testing import CliRunner

import snnc
import snnc.pynn as sim
from snnc.cli import main
from snnc.ir.diagnostics import SnncError, UserError

NINEML = '<NineML xmlns="http://nineml.net/9ML/1.0">\n{}</NineML>'
BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
FILES = {
    "empty.xml": "",
    "cut.xml": "<Lems>\n<Component",
    "entity.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<Lems>&e;</Lems>',
    "bomb.xml": f'<!DOCTYPE x [<!ENTITY e0 "ha">{BOMB}]>\n<Lems>&e8;</Lems>',
    "deep.xml": "<Lems>" + "<a>" * 900 + "</a>" * 900 + "</Lems>",
    "nul.xml": "<Lems>\0</Lems>",
    "liar.xml": '<?xml version="1.0" encoding="UTF-16"?><Lems/>',
    "nothing.xml": "<Lems/>",
    "above.xml": '<Lems>\n<Include file="/etc/passwd"/></Lems>',
    "far.xml": '<Lems>\n<Include file="http://example.org/a.xml"/></Lems>',
    "long.xml": f'<Lems>\n<Include file="{"a" * 5000}"/></Lems>',
    "huge.xml": '<Lems>\n<Dimension name="a" m="99" l="99" i="99"/></Lems>',
    "scale.xml": '<Lems><Dimension name="a" m="1"/>\n<Unit symbol="u" dimension="a" power="-99" '
    'scale="1e-290"/></Lems>',
    "cycle.xml": '<Lems><Target component="x"/>\n<ComponentType name="a" extends="b"/>'
    '<ComponentType name="b" extends="a"/><a id="x"/></Lems>',
    "vast.9ml": NINEML.format('<Dimension name="a" m="300"/>'),
    "power.9ml": NINEML.format(
        '<Dimension name="a" m="1"/><Unit symbol="u" dimension="a" power="9999"/>'
    ),
    "foreign.9ml": NINEML.format("<Lems/>"),
}
COMMANDS = (
    ["run", "{}", "--ms", "1"], ["emit", "{}"], ["compile", "{}", "-o", "{out}"],
    ["verify", "{}", "-t", "cpu,cpu:dt=0.05"], ["export", "{}", "-f", "neuroml", "-o", "{out}"],
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_command_tells_what_is_wrong_in_one_located_line(tmp_path, name):
    path, out = tmp_path / name, tmp_path / "out"
    path.write_text(FILES[name])
    for command in COMMANDS:
        arguments = [word.format(path, out=out) for word in command]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2, (command, done.output)
        assert re.fullmatch(rf"{re.escape(str(path))}:\d+.*: error: .*\n", done.stderr), done.stderr
        assert not out.exists()
    with pytest.raises(SnncError) as refused:
        snnc.compile(path)
    assert refused.value.location is not None


@pytest.mark.parametrize("suffix", ["xml", "nml", "9ml", "nestml", "mlir", "py"])
def test_a_folder_is_no_file(tmp_path, suffix):
    folder = tmp_path / f"models.{suffix}"
    folder.mkdir()
    for command in COMMANDS:
        arguments = [word.format(folder, out=tmp_path / "out") for word in command]
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2 and done.stderr.count("\n") == 1, done.output
        assert str(folder) in done.stderr


def test_parameters_that_make_no_cell_are_named():
    sim.setup()
    sim.Population(1, sim.IF_curr_exp(tau_m=0.0))
    with pytest.raises(UserError, match="zero are tau_m"):
        sim.run(1.0)


def test_a_regime_that_lasts_longer_than_steps_are_counted_ends_never():
    sim.setup()
    cells = sim.Population(1, sim.IF_curr_exp(tau_refrac=1e30, i_offset=5.0))
    cells.record("spikes")
    sim.run(50.0)
    assert np.size(cells.get_data().segments[0].spiketrains[0]) == 1


def test_names_may_have_letters_of_any_alphabet(tmp_path):
    path = tmp_path / "müller.mlir"
    path.write_text(
        'dyn.cell @"Müller" {\n  state v : mV = 1.0\n  dv/dt = -v / 10.0 [ms]\n}\n'
        'snn.network @net {dt = 0.1, seed = 0, rng = "philox4x32-10/snnc-1"} {\n'
        '  snn.population @cells [1] of @"Müller" {object_id = 0, first_id = 0}\n}\n'
    )
    net = snnc.compile(path)
    net.run(10.0)
    assert net.simulation.state("cells", "v")[0] == pytest.approx(np.exp(-1.0))
