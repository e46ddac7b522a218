"""Models are found by name in folders; a user's folder comes first."""

import os
import subprocess
import sys

import pytest

from snnc import model_library
from snnc.ir.diagnostics import ModelError

LEAK = "dyn.cell @%s { param tau : ms = %s state v : mV = 1.0 dv/dt = -v / tau }"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(model_library, "_added", [])
    monkeypatch.delenv(model_library.VARIABLE, raising=False)
    return tmp_path


def write(folder, name, tau=1.0):
    file = folder / f"{name}.mlir"
    file.write_text(LEAK % (name, tau))
    return file


def test_packaged_models_are_there(folder):
    assert "IF_cond_exp" in model_library.names()
    assert model_library.find("IF_cond_exp").parent == model_library.PACKAGED
    assert model_library.text("IF_cond_exp").startswith("dyn.cell @IF_cond_exp")


def test_unknown_name_offers_the_nearest(folder):
    with pytest.raises(ModelError, match="unknown model 'IF_cond_epx'; did you mean 'IF_cond_exp'"):
        model_library.load("IF_cond_epx")


def test_environment_variable_names_folders(folder, monkeypatch):
    file = write(folder, "Leak")
    absent = folder / "absent"
    monkeypatch.setenv(model_library.VARIABLE, os.pathsep.join([str(absent), str(folder)]))
    assert model_library.find("Leak") == file
    assert "Leak" in model_library.names()
    assert absent not in model_library.model_path()


def test_added_folder_replaces_a_packaged_model(folder):
    write(folder, "LIF", 7.0)
    assert "v_rest" in model_library.load("LIF").parameters
    model_library.add_directory(folder)
    assert model_library.load("LIF").parameters["tau"].default == 7.0
    assert model_library.names().count("LIF") == 1


def test_last_added_folder_comes_first(folder):
    first, second = folder / "a", folder / "b"
    for path in (first, second):
        path.mkdir()
        write(path, "Leak")
        model_library.add_directory(path)
    assert model_library.find("Leak").parent == second
    model_library.add_directory(first)
    assert model_library.find("Leak").parent == first


def test_folder_that_does_not_exist_is_refused(folder):
    with pytest.raises(ModelError, match="no folder of models"):
        model_library.add_directory(folder / "absent")


def test_changed_file_is_read_again(folder):
    model_library.add_directory(folder)
    file = write(folder, "Leak", 1.0)
    assert model_library.load("Leak").parameters["tau"].default == 1.0
    write(folder, "Leak", 2.0)
    os.utime(file, ns=(1, 1))
    assert model_library.load("Leak").parameters["tau"].default == 2.0


def test_model_of_another_name_is_refused(folder):
    model_library.add_directory(folder)
    (folder / "Leak.mlir").write_text(LEAK % ("Other", 1.0))
    with pytest.raises(ModelError, match="found 'Other', expected 'Leak'"):
        model_library.load("Leak")


def test_error_in_a_file_has_its_place(folder):
    model_library.add_directory(folder)
    file = folder / "Wrong.mlir"
    file.write_text("dyn.cell @Wrong {\n  state v : mV = 1.0\n  dv/dt = -v\n}")
    with pytest.raises(ModelError, match="dv/dt has the wrong unit") as caught:
        model_library.load("Wrong")
    assert str(caught.value.location) == f"{file}:3:3"


def test_names_are_listed_without_the_compiler():
    """Listing models must not pay for importing the machinery that reads them."""
    script = (
        "import sys; from snnc import model_library as m; m.names(); m.text('LIF');"
        "sys.exit('xdsl' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
