import tempfile
from pathlib import Path

import pytest
from changed_files import altered, refuses
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lems_files import DATA, NEUROML

from snnc.ir.diagnostics import MissingDependencyError, ModelError, SnncError
from snnc.lems import core_types
from snnc.lems.network import read_network


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("own.xml", "slope * MVOLT + all", "slop * MVOLT + all", "unknown name 'slop' in 'ramp'"),
        ("own.xml", "threshold / 4", "threshold / slope", "wrong unit; found mV\\*ms"),
        ("own.xml", "slope * MVOLT + all", "slope + all", "units do not fit in"),
        ("own.xml", "v + jump", "v + (jump", r"'\)' expected"),
        ("own.xml", 'regime="resting"', 'regime="sleeping"', "unknown regime 'sleeping'"),
        ("own.xml", 'threshold="20mV"', 'threshold="20ms"', "wrong unit; found '20ms'"),
        ("own.xml", 'threshold="20mV"', 'threshold="20 volts"', "unknown unit 'volts'"),
        ("own.xml", 'threshold="20mV"', 'threshold="high"', "malformed quantity; found 'high'"),
        ("own.xml", ' threshold="20mV"', "", "lacks its parameter 'threshold'"),
        ("own.xml", 'extends="Rate"', 'extends="FastRate"', "'FastRate' extends itself"),
        ("own.xml", 'extends="Rate"', 'extends="Rates"', "unknown component type 'Rates'; did"),
        ("own.xml", "<FastRate/>", "<Slow/>", "unknown component type 'Slow'"),
        ("own.xml", "<FastRate/>", '<ticks period="1ms"/>', "has no place in a 'ramp'"),
        ("own.xml", "rates[*]/r", "rates[/r", r"malformed path 'rates\[/r'"),
        ("own.xml", "rates[*]/r", "rates[*]/q", "unknown name 'q'"),
        ("own.xml", 'reduce="add"', "", "selects 2 components in 'cell'; expected one"),
        ("own.xml", 'reduce="add"', 'reduce="max"', "expected add or multiply"),
        ("own.xml", "<OnStart>", "<OnStop/><OnStart>", "<OnStop> in <Dynamics> is unknown"),
        ("own.xml", 'component="cell" size="2"', 'component="sell" size="2"', "did you mean 'cell"),
        ("own.xml", 'size="2"', 'size="2.5"', "size of 'cells' is no whole number"),
        ("own.xml", 'source="clocks"', 'source="clock"', "unknown population 'clock'"),
        ("own.xml", "cells[1]/n", "cell[1]/n", "no cell at 'cell"),
        ("own.xml", "cells[1]/n", "cells[7]/n", "has 2 cells; found '7'"),
        ("own.xml", 'target="net"', 'target="nets"', "unknown component 'nets'"),
        ("own.xml", 'value="v + jump"', 'value="v * jump"', "wrong unit; found mV\\*mV"),
        ("own.xml", "rate * v / (v + half)", "r * v / half", "depend on each other: "),
        ("own.xml", 'EventOut port="out"', 'EventOut port="in"', "no event port 'in'"),
        ("own.xml", "MultiInstantiate", "Gather", "makes instances by <Gather>|malformed XML"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_with_their_place(tmp_path, name, old, new, message):
    refuses(read_network, altered(DATA / name, tmp_path, [(old, new)]), message)


@NEUROML
@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("network.nml", 'href="cells.nml"', 'href="http://a/b.nml"', "expected a path beside"),
        ("network.nml", 'href="cells.nml"', 'href="none.nml"', "no such file 'none.nml'"),
        ("network.nml", 'synapse="ampa">', 'synapse="gaba">', "unknown component 'gaba'"),
        ("network.nml", "../cells/5/iaf", "../cells/9/iaf", "has 3 cells; found '9'"),
        ("network.nml", 'synapse="ampa">', 'synapse="iaf">', "takes no 'iafRefCell' as attach"),
        ("hh.nml", 'ionChannel="na"', 'ionChannel="ca"', "unknown component 'ca'"),
        ("hh.nml", "</segment>", '</segment><segment id="1"/>', "has 2 segments; expected one"),
    ],
)
def test_wrong_neuroml_is_refused_with_its_place(tmp_path, name, old, new, message):
    refuses(read_network, altered(DATA / name, tmp_path, [(old, new)]), message)


def test_hostile_files_are_refused(tmp_path):
    bomb = '<!DOCTYPE Lems [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Lems>&b;</Lems>'
    circle = (
        '<Lems><Target component="a"/><ComponentType name="A"><ComponentReference name="of" '
        'type="A"/><Structure><ChildInstance component="of"/></Structure></ComponentType>'
        '<A id="a" of="a"/></Lems>'
    )
    extends = '<Lems><Target component="a"/><ComponentType name="A"/><A id="a" extends="a"/></Lems>'
    for text, message in (
        (bomb, "document types and entities are not allowed"),
        (circle, "component 'a' contains itself"),
        (extends, "component 'a' extends itself"),
        ("<Lems><Include file='../../etc/x.xml'/></Lems>", "no such file"),
        ("<Lems>", "malformed XML"),
        ("<Lems/>", "no simulation, network or cell"),
    ):
        file = tmp_path / "hostile.xml"
        file.write_text(text)
        with pytest.raises(ModelError, match=message):
            read_network(file)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_changed_in_a_file_it_imports_or_is_refused_with_its_place(data):
    from lxml import etree

    root = etree.parse(DATA / "own.xml").getroot()
    elements = [e for e in root.iter() if e.getparent() is not None]
    element = data.draw(st.sampled_from(elements), "element")
    if element.attrib and data.draw(st.booleans(), "an attribute"):
        name = data.draw(st.sampled_from(sorted(element.attrib)), "name")
        others = sorted({value for e in elements for value in e.attrib.values()})
        odd = ["", "0", "-1", "1e999", "nan", "t", "../x", "[*]", "((", "1/0", "random(1)"]
        element.set(name, data.draw(st.sampled_from(odd + others), "value"))
    else:
        element.getparent().remove(element)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "changed.xml"
        file.write_bytes(etree.tostring(root))
        try:
            read_network(file)
        except SnncError as error:
            assert error.location is not None


def test_variables_that_depend_on_each_other_too_deeply_are_refused(tmp_path):
    chain = "".join(
        f'<DerivedVariable name="x{n}" dimension="voltage" value="x{n + 1} + v"/>'
        for n in range(2000)
    )
    file = altered(DATA / "own.xml", tmp_path, [
        ('<OnEvent port="in">', chain + '<DerivedVariable name="x2000" dimension="voltage" '
         'value="v"/><OnEvent port="in">'),
        ('value="v + jump"', 'value="v + x0"'),
    ])  # fmt: skip
    with pytest.raises(ModelError, match="the equations of 'cell' nest too deeply"):
        read_network(file)


def test_without_pyneuroml_core_types_are_missing_by_name(monkeypatch):
    core_types._archive.cache_clear()
    core_types.read_core_file.cache_clear()
    monkeypatch.setattr(core_types, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'snnc\[neuroml\]'"):
        read_network(DATA / "network.nml")
