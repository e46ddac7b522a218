"""Pictures where Matplotlib is missing."""

import sys

import pytest

from snnc.figures import new_figure
from snnc.ir.diagnostics import MissingDependencyError


def test_pictures_without_matplotlib_name_the_extra_that_has_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'snnc\[brainscales\]'"):
        new_figure(4.0, 3.0, "brainscales")
