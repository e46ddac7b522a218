"""The page for users of PyNN: its code runs, its table is that of the code."""

import re
import subprocess
import sys

import pynn_coverage
import pytest

TEXT = pynn_coverage.PAGE.read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_code_runs(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_table_is_that_of_the_code():
    table = TEXT.split(pynn_coverage.BEGIN)[1].split(pynn_coverage.END)[0].strip()
    assert table == pynn_coverage.table(), "run python tests/pynn_coverage.py"
