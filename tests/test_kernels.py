"""The kernel cache and the machine code of kernels."""

import itertools
import os
import platform
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

from snnc.ir.diagnostics import CompilationError
from snnc.runtime.jit.cache import Kernels, KernelSource, source_of

ADD = """\
from snnc.runtime.jit.intrinsics import f64, i64, loop


@loop
def add(n, x, amount):
    for i in range(n):
        x[i] += amount


def entry(desc, rows, step):
    d = i64(desc, rows * 2)
    for r in range(rows):
        add(d[2 * r], f64(d[2 * r + 1], d[2 * r]), float(step))
"""

UPDATE = """\
from snnc.runtime.jit.intrinsics import f64, i32, i64, loop, select, u8
from snnc.runtime.jit.mathlib import exprel


@loop
def advance(n, v, g, drive, timer, flag, decay, dt, leak, e_rev, v_thresh, v_reset, refractory):
    for i in range(n):
        a = -(leak + g[i])
        b = leak * v_reset + g[i] * e_rev + drive[i]
        v1 = v[i] + dt * (a * v[i] + b) * exprel(a * dt)
        free = timer[i] == 0
        fired = free & (v1 >= v_thresh)
        v[i] = select(fired, v_reset, select(free, v1, v[i]))
        timer[i] = select(fired, refractory, select(free, 0, timer[i] - 1))
        g[i] = g[i] * decay
        flag[i] = fired


def entry(desc, rows, step):
    d = i64(desc, 14)
    f = f64(desc, 14)
    n = d[0]
    advance(
        n, f64(d[1], n), f64(d[2], n), f64(d[3], n), i32(d[4], n), u8(d[5], n),
        f[6], f[7], f[8], f[9], f[10], f[11], d[12],
    )
"""


def run_add(kernel, amount=3):
    x = np.arange(5.0)
    table = np.array([[x.size, x.ctypes.data]], np.int64)
    kernel(table.ctypes.data, 1, amount)
    return x


@pytest.fixture
def kernels(tmp_path):
    return Kernels(tmp_path)


def test_a_kernel_is_compiled_once_and_then_found(kernels):
    source = KernelSource("add", ADD)
    first, second = kernels.get(source), kernels.get(KernelSource("add", ADD))
    assert (first.origin, second.origin, second.address) == ("compiled", "memory", first.address)
    third = Kernels(kernels.directory)
    assert third.get(source).origin == "disk"
    assert (kernels.compiled, kernels.loaded, third.compiled, third.loaded) == (1, 0, 0, 1)
    np.testing.assert_array_equal(run_add(first), np.arange(5.0) + 3)
    assert first.path.read_text() == ADD and first.size > 0


def test_a_changed_text_is_another_kernel(kernels):
    first = kernels.get(KernelSource("add", ADD))
    second = kernels.get(KernelSource("add", ADD.replace("+= amount", "-= amount")))
    assert second.origin == "compiled"
    np.testing.assert_array_equal(run_add(first), np.arange(5.0) + 3)
    np.testing.assert_array_equal(run_add(second), np.arange(5.0) - 3)


def test_another_process_loads_without_the_translator(kernels):
    kernel = kernels.get(KernelSource("add", ADD))
    script = (
        "import sys; from pathlib import Path; from snnc.runtime.jit.cache import *\n"
        f"k = shared_kernels().get(KernelSource('add', Path({str(kernel.path)!r}).read_text()))\n"
        "print(k.origin, 'snnc.runtime.jit.translate' in sys.modules, flush=True)\n"
        "import ctypes; x = (ctypes.c_double * 2)(1, 2)\n"
        "d = (ctypes.c_int64 * 2)(2, ctypes.addressof(x))\n"
        "k(ctypes.addressof(d), 1, 5); print(*x)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "SNNC_CACHE_DIR": str(kernels.directory)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["disk", "False", "6.0", "7.0"]


def test_processes_that_compile_one_kernel_at_the_same_time_all_get_it(tmp_path):
    (tmp_path / "add.py").write_text(ADD)
    script = (
        "import sys; from pathlib import Path; from snnc.runtime.jit.cache import *\n"
        "source = KernelSource('add', Path('add.py').read_text())\n"
        "sys.stdin.read(1); shared_kernels().get(source); print('done')"
    )
    environment = {**os.environ, "SNNC_CACHE_DIR": str(tmp_path / "cache")}
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=tmp_path, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in racing:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    assert [process.communicate()[0] for process in racing] == ["done\n"] * 3
    assert Kernels(tmp_path / "cache").get(KernelSource("add", ADD)).origin == "disk"
    assert not list((tmp_path / "cache").glob("*.tmp"))


@pytest.mark.parametrize("damage", [lambda o: o[:-40], lambda o: b"", lambda o: o[:99] + b"x" * 99])
def test_a_damaged_object_is_compiled_again(kernels, damage):
    source = KernelSource("add", ADD)
    file = kernels.get(source).path.with_suffix(".o")
    file.write_bytes(damage(file.read_bytes()))
    again = Kernels(kernels.directory).get(source)
    assert again.origin == "compiled"
    assert Kernels(kernels.directory).get(source).origin == "disk"
    np.testing.assert_array_equal(run_add(again), np.arange(5.0) + 3)


def test_a_directory_that_cannot_be_written_does_not_hurt(tmp_path):
    (tmp_path / "file").touch()
    kernel = Kernels(tmp_path / "file" / "deeper").get(KernelSource("add", ADD))
    assert kernel.origin == "compiled"
    np.testing.assert_array_equal(run_add(kernel), np.arange(5.0) + 3)


def test_several_threads_compile_a_kernel_once(kernels):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(kernels.get(KernelSource("add", ADD))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kernels.compiled == 1 and len({k.address for k in found}) == 1


@pytest.mark.parametrize(
    "body", ["    x = unknown(desc)\n", "    print(desc)\n", "    x = [desc]\n    x.append(step)\n"]
)
def test_a_text_that_is_no_kernel_is_an_internal_error_that_names_the_file(kernels, body):
    with pytest.raises(CompilationError, match=r"internal error: kernel .*bad-.*\.py"):
        kernels.get(KernelSource("bad", f"def entry(desc, rows, step):\n{body}"))
    assert not list(kernels.directory.glob("*.o"))


def test_a_kernel_written_by_hand_is_read_as_text():
    assert "def entry(desc, rows, step):" in source_of("driver").text


def test_loaded_and_compiled_kernels_give_the_same_bits_for_any_partition(kernels):
    rng = np.random.default_rng(5)
    n = 1003
    start = rng.uniform(-70, -49, n)
    g = rng.uniform(0, 0.2, n)
    kernel = kernels.get(KernelSource("update", UPDATE))

    def simulate(cuts):
        v, gs = start.copy(), g.copy()
        timer, flag = np.zeros(n, np.int32), np.zeros(n, np.uint8)
        buffers = (v, gs, np.full(n, 0.4), timer, flag)
        for a, b in itertools.pairwise(cuts):
            table = np.zeros(14, np.int64)
            table[0] = b - a
            table[1:6] = [x.ctypes.data + a * x.itemsize for x in buffers]
            table.view(np.float64)[6:12] = 0.98, 0.1, 0.05, 0.0, -50.0, -60.0
            table[12] = 50
            for step in range(20):
                kernel(table.ctypes.data, 1, step)
        return v.tobytes(), timer.tobytes()

    whole = simulate([0, n])
    assert simulate([0, 1, 500, n]) == whole
    assert simulate([0, 3, 140, 277, 414, 551, 700, n]) == whole


SEARCH = """
from snnc.runtime.jit.intrinsics import i64, loop
@loop
def count(n, words):
    found = 0
    for i in range(n):
        if words[i] != 0:
            words[found] = i
            found += 1
    return found
def entry(desc, rows, step):
    i64(desc, 1)[0] = count(rows, i64(desc + 8, rows))
"""


def test_a_text_may_leave_its_loops_as_they_are():
    from snnc.runtime.jit.compiler import llvm_ir

    copied, left = (
        llvm_ir(text).count("store i64") for text in (SEARCH, SEARCH + "UNROLL = False\n")
    )
    assert copied > left == 2


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 assembly")
def test_the_machine_code_of_an_update_is_vectorised():
    from snnc.runtime.jit.compiler import assembly, llvm_ir

    text = assembly(UPDATE)
    assert "ymm" in text or "zmm" in text
    packed = [line for line in text.splitlines() if "vmulpd" in line or "vfmadd" in line]
    assert len(packed) > 10
    assert "maskmov" not in text
    assert "llvm.masked.store" not in llvm_ir(UPDATE)
    assert not re.search(r"\bexp\w*\b", text)


def test_a_branch_gives_the_masked_stores_that_a_select_avoids():
    from snnc.runtime.jit.compiler import llvm_ir

    branch = "        if x[i] > 1.0:\n            x[i] = amount"
    choice = "        x[i] = select(x[i] > 1.0, amount, x[i])"
    base = ADD.replace("loop\n", "loop, select\n", 1)
    texts = [base.replace("        x[i] += amount", body) for body in (branch, choice)]
    assert ["llvm.masked.store" in llvm_ir(text) for text in texts] == [True, False]
