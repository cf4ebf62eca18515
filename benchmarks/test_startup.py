"""How long a user waits on the command line: for help, the first comparison, and the next."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import SHORT

MIBENCH = shutil.which("mibench", path=str(Path(sys.executable).parent)) or "mibench"
FIRST = """
import sys
import numpy, mibench
name, dims, labels = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "labels"
rng = numpy.random.default_rng(0)
x = rng.normal(size=(1000, dims))
y = (x[:, 0] > 0) if labels else x + rng.normal(size=x.shape)
print(mibench.estimate(x, y, name, discrete_y=labels).bits)
"""
HEAVY = ("numba", "torch", "sklearn", "matplotlib", "pandas", "scipy", "numpy")


def seconds(command: list[str], **environment: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
    return time.perf_counter() - start


def test_help(note, slack):
    best = min(seconds([MIBENCH, "--help"]) for _ in range(5))
    note(f"mibench --help: {best:.2f} s (under 0.4 s)")
    assert best < 0.4 * slack


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom mibench.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', [m for m in {HEAVY} if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip().endswith("loaded: []")


def test_first_and_second_comparison(note, slack, tmp_path):
    command = [MIBENCH, "compare", "--estimators", "uniform,adaptive"]
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    first = seconds(command, **cache)
    second = seconds(command, **cache)
    note(f"compare, with nothing compiled: {first:.1f} s (under 60 s); again: {second:.1f} s (8 s)")
    assert first < 60 * slack
    assert second < 8 * slack


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A cache filled by `mibench warmup`, and the seconds of the first and of a second warm-up.

    The short form leaves out the first, which takes more than a minute: it uses the cache of the
    package, which any run before has filled.
    """
    folder = {} if SHORT else {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}
    return folder, [seconds([MIBENCH, "warmup"], **folder) for _ in range(2)]


def test_warmup(note, slack, warm):
    first, second = warm[1]
    compiled = "filling what is missing" if SHORT else "with nothing compiled"
    note(f"mibench warmup, {compiled}: {first:.1f} s (under 60 s); again: {second:.1f} s")
    assert first < 60 * slack
    assert second < 4 * slack


def shortest(command: list[str], bound: float, **environment: str) -> float:
    """The shortest of three runs (short form: one), or of up to nine if none is below the bound."""
    times = [seconds(command, **environment) for _ in range(1 if SHORT else 3)]
    while min(times) >= bound and len(times) < 9:
        times.append(seconds(command, **environment))
    return min(times)


@pytest.mark.parametrize("kind", ["numbers", "labels"])
@pytest.mark.parametrize("dims", ["1", "5"])
@pytest.mark.parametrize("name", ["uniform", "adaptive", "kde", "knn", "canonical"])
def test_first_estimate_of_a_process(note, slack, warm, name, dims, kind):
    """From the start of Python to its end, with compiled code in the cache."""
    command = [sys.executable, "-P", "-c", FIRST, name, dims, kind]
    best = shortest(command, 1.5 * slack, **warm[0])
    sides = f"{dims}+{dims if kind == 'numbers' else 'label'}"
    note(f"the first {name} of a process, {sides}: {best:.2f} s (under 1.5 s)")
    assert best < 1.5 * slack


@pytest.mark.parametrize("name", ["uniform", "knn"])
def test_first_estimate_from_the_command_line(note, slack, warm, tmp_path, name):
    """Includes reading a file, and the untimed call on few rows that comes first."""
    rows = "\n".join(f"{i % 7 + i / 1000},{i % 11 + i / 777}" for i in range(1000))
    (tmp_path / "t.csv").write_text(f"a,b\n{rows}\n")
    command = [MIBENCH, "estimate", str(tmp_path / "t.csv"), "--x", "a", "--y", "b", "-e", name]
    best = shortest(command, 1.5 * slack, **warm[0])
    note(f"mibench estimate FILE -e {name}: {best:.2f} s (under 1.5 s)")
    assert best < 1.5 * slack
