"""The floors of the house: who imports whom, who may know xDSL; and who holds memory."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "ir": 0, "hardware": 1, "passes": 2, "codegen": 2, "runtime": 3, "frontends": 4,
    "benchmarks": 5,
}  # fmt: skip
XDSL = {"ir", "passes", "codegen"}
SOURCES = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def imports(path: Path) -> list[str]:
    """Return the names of all modules that a file imports, at whatever depth."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            found.append(node.module)
            if node.module == "snnc":
                found += [f"snnc.{alias.name}" for alias in node.names]
    return found


def floor_of(module: str) -> str | None:
    """Return the folder that a module of snnc lives in, or None for others."""
    parts = module.split(".")
    if parts[0] != "snnc" or len(parts) == 1:
        return None
    return parts[1] if parts[1] in FLOORS else "frontends"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path):
    own = path.relative_to(ROOT).parts[0]
    for module in imports(path):
        other = floor_of(module)
        if other is not None and other != own:
            assert FLOORS[other] < FLOORS[own], f"{path}: {own} must not import {module}"
        if module.split(".")[0] == "xdsl":
            assert own in XDSL, f"{path}: xDSL is for {', '.join(sorted(XDSL))}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_kernels_read_no_array_that_nobody_holds(path):
    """``make(...).ctypes.data`` is the address of memory that is free when it is read."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Call(), attr="ctypes"), attr="data"):
                raise AssertionError(f"{path}:{node.lineno}: an address of an array without a name")


def test_importing_snnc_costs_nothing():
    code = "import sys, snnc; print('numpy' in sys.modules, 'xdsl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_pynn_module_leaves_the_slow_parts_of_pynn_alone():
    code = (
        "import sys, snnc.pynn as sim; sim.IF_cond_exp; sim.FixedProbabilityConnector;"
        "slow = ['pyNN.common', 'pyNN.connectors', 'pyNN.standardmodels', 'llvmlite.ir'];"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
