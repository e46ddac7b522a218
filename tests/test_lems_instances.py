import numpy as np
import pytest
from changed_files import refuses

import snnc
from snnc.lems.network import read_network

INSTANCES = """<Lems>
  <Target component="sim"/>
  <Dimension name="time" t="1"/>
  <Unit symbol="ms" dimension="time" power="-3"/>
  <ComponentType name="Simulation">
    <Parameter name="step" dimension="time"/>
    <ComponentReference name="target" type="Component"/>
  </ComponentType>
  <ComponentType name="clock">
    <Property name="period" dimension="time"/>
    <EventPort name="tick" direction="out"/>
    <Dynamics>
      <StateVariable name="since" dimension="time"/>
      <OnStart><StateAssignment variable="since" value="period / 2"/></OnStart>
      <TimeDerivative variable="since" value="1"/>
      <OnCondition test="since .geq. period">
        <StateAssignment variable="since" value="0"/>
        <EventOut port="tick"/>
      </OnCondition>
    </Dynamics>
  </ComponentType>
  <ComponentType name="clocks">
    <Parameter name="n" dimension="none"/>
    <Parameter name="shortest" dimension="time"/>
    <Structure>
      <MultiInstantiate componentType="clock" number="n">
        <Assign property="period" value="shortest * ceil(1.5 + index)"/>
      </MultiInstantiate>
    </Structure>
  </ComponentType>
  <clocks id="all" n="3" shortest="2 ms"/>
  <Simulation id="sim" step="0.1 ms" target="all"/>
</Lems>
"""


def test_instances_of_a_type_have_their_own_properties(tmp_path):
    file = tmp_path / "clocks.xml"
    file.write_text(INSTANCES)
    net = snnc.compile(file)
    np.testing.assert_allclose(net.simulation.parameters("all", "period"), [4.0, 6.0, 8.0])
    net.run(12.5)
    times, cells = net.simulation.spikes("all")
    firsts = [times[cells == n][0] for n in range(3)]
    np.testing.assert_allclose(firsts, [2.0, 3.0, 4.0], atol=0.11)
    assert [int((cells == n).sum()) for n in range(3)] == [3, 2, 2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('componentType="clock"', 'componentType="clack"', "unknown component type 'clack'"),
        ('property="period"', 'property="perid"', "'clock' has no property 'perid'"),
        ('n="3"', 'n="2.5"', "the size of 'all' is no whole number"),
        ("1.5 + index", "1.5 + indx", "unknown name 'indx'"),
        (
            '<Parameter name="n" dimension="none"/>',
            '<DerivedParameter name="n" dimension="none" value="3"/>',
            "'clocks' makes a computed number of instances, 'n'",
        ),
    ],
)
def test_wrong_instances_are_refused_with_their_place(tmp_path, old, new, message):
    file = tmp_path / "clocks.xml"
    file.write_text(INSTANCES.replace(old, new, 1))
    refuses(read_network, file, message)
