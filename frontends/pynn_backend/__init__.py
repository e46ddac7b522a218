"""``pyNN.snnc``: the name under which PyNN's `get_simulator` finds `snnc.pynn`."""

import sys

import snnc.pynn

sys.modules[__name__] = snnc.pynn
