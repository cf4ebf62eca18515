"""Shared by all tests: how to run the command line as a user does."""

import gc
import importlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

# Several test processes share the cores: threads of BLAS, which wait by spinning, would take turns.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import psutil
import pytest
from hypothesis import settings

from mibench import estimate, warmup
from mibench.plugins import WARMUPS, by_name, load
from mibench.running.processes import core_count

# Imports and tests are no garbage, which Python would look for among them every 700 objects.
gc.set_threshold(20_000, 20, 20)

MIBENCH = shutil.which("mibench", path=str(Path(sys.executable).parent)) or "mibench"
Completed = subprocess.CompletedProcess[str]


def environment() -> dict[str, str]:
    """The variables of this process that commands get: not what pytest and packages set."""
    added = ("PYTEST_", "KMP_", "TORCH", "_RJEM_", "MPLBACKEND")  # pytest, torch, polars, mibench
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(added)},
        "COLUMNS": "200",
        "MIBENCH_PROGRESS": "off",  # a busy machine may take so long that lines are said
    }


AT_START = environment()
# What a command reads when it begins to work, and not while Python or a package is loaded.
READ_BY_THE_COMMAND = ("COLUMNS", "COMP_CWORD", "COMP_WORDS", "_MIBENCH_COMPLETE")

# A busy machine takes longer, which is no failure.
settings.register_profile("mibench", deadline=None)
settings.load_profile("mibench")


# Slow tests of more than half a minute, none of which shares a costly fixture with others.
LONGEST = (
    "test_the_comparison_is_the_one_that_the_command_gives",
    "test_no_estimator_has_become_worse",
    "test_after_warmup_no_estimate_compiles_a_kernel",
    "test_a_killed_training_and_measurement_continue",
    "test_kernels_equal_their_naive_implementations_without_jit",
    "test_p_values_of_independent_sides_are_uniform",
    "test_thirty_runs_on_a_cluster_that_are_ended_have_stored_what_was_finished",
    "test_run_trains_measures_and_draws",
    "test_the_examples_run_and_draw",
    "test_p_values_under_independence_have_their_level",
    "test_other_networks_and_data",
)
LONG_AND_TOGETHER = "test_ibnet_reproduction.py"  # these share a costly fixture, in one process


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin the share of each test process with some of the longest tests, or one would come last.

    `--dist worksteal` gives each process as many tests, in their order.
    """
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    names = {item: item.name.partition("[")[0] for item in items if item.get_closest_marker("slow")}
    first = [item for item, name in names.items() if name in LONGEST]
    first.sort(key=lambda item: LONGEST.index(names[item]))
    rest = [item for item in items if item not in set(first)]
    rest.sort(key=lambda item: item.path.name != LONG_AND_TOGETHER)
    size = -(-len(rest) // count)
    items[:] = [
        item
        for share in range(count)
        for item in (*first[share::count], *rest[share * size : share * size + size])
    ]


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores for `-n auto`, since many tests wait for commands."""
    return core_count() + 1


# What the whole suite compiles, in shares that take about as long. "": what plug-ins declare.
SHARES_OF_WARM_UP = ("kde,uniform,adaptive", "", "canonical,knn")
MANY_TESTS = 1000


def pytest_collection_finish(session: pytest.Session) -> None:
    """Before many tests in several processes, share the compiling, which each would do itself."""
    gc.freeze()  # no later search for garbage looks at the tests
    worker = getattr(session.config, "workerinput", None)
    if worker is None or len(session.items) < MANY_TESTS:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    for estimators in SHARES_OF_WARM_UP[number::count]:
        if estimators:
            warmup(estimators)
        else:
            for point in by_name(WARMUPS).values():
                load(point)()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call() -> None:
    """Let tests share worker processes, which are started anew when a variable has changed.

    pytest sets this one to the name of the test, and sets it again before it takes it away.
    """
    os.environ.pop("PYTEST_CURRENT_TEST", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, Any, Any]:
    """Fail a test that leaves a variable behind, which every later command would start anew for."""
    yield
    left = dict(environment().items() ^ AT_START.items())
    os.environ |= {name: value for name, value in AT_START.items() if name in left}
    for name in left.keys() - AT_START.keys():
        del os.environ[name]
    assert not left, f"the test has changed variables: {', '.join(left)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """End the programs that a failed test has left, or the tests after it would wait for cores."""
    report = yield
    if report.when == "call" and report.failed:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                words = [Path(word).name for word in process.cmdline()[:4]]
                if "mibench" in words or any("mibench.running" in word for word in words):
                    process.kill()
    return report


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Completed]]:
    """Run a command in a fork of a process that has imported mibench: see command_server.py."""
    folder, numbers = tmp_path_factory.mktemp("streams"), itertools.count()
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("command_server.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=AT_START,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None

    def run(args: list[str], cwd: Path, variables: dict[str, str], **more: object) -> Completed:
        number = next(numbers)
        streams = [folder / f"{number}.{name}" for name in ("stdout", "stderr")]
        request: dict[str, Any] = dict(zip(("stdout", "stderr"), map(str, streams), strict=True))
        request |= {"args": args, "cwd": str(cwd), "variables": variables, **more}
        print(json.dumps(request), file=server.stdin, flush=True)
        code = json.loads(server.stdout.readline())
        out, err = (path.read_bytes().decode() for path in streams)
        return subprocess.CompletedProcess(args, code, out, err)

    with server:  # closes the pipes, and waits for the end
        yield run


@pytest.fixture(scope="session")
def _some_code() -> None:
    """Compile something, since the first comparison of an installation says so in a message."""
    labels = [0, 0, 1, 1]
    estimate(labels, labels, "uniform", discrete_x=True, discrete_y=True)


@pytest.fixture
def mibench(
    tmp_path: Path, request: pytest.FixtureRequest, _some_code: None
) -> Callable[..., Completed]:
    """Run `mibench ARGS` in an empty directory; a traceback anywhere fails the test.

    A new Python runs the console script where a fork would not do: with options of
    `subprocess.run`, with other variables than READ_BY_THE_COMMAND, and on systems without forks.
    """

    def run(*args: object, **kwargs: object) -> Completed:
        texts = [str(arg) for arg in args]
        variables: dict[str, str] = kwargs.pop("env", environment())  # type: ignore[assignment]
        own = {name: variables[name] for name in READ_BY_THE_COMMAND if name in variables}
        if kwargs or variables != AT_START | own or not hasattr(os, "fork"):
            done = subprocess.run(
                [MIBENCH, *texts], cwd=tmp_path, capture_output=True, text=True, timeout=300,
                env=variables, **kwargs,  # type: ignore[call-overload]
            )  # fmt: skip
        else:
            done = request.getfixturevalue("forked")(texts, tmp_path, own)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Any]:
    """A Dask cluster of two workers: `tests.cluster.Cluster`."""
    from .cluster import Cluster  # here, since few tests need Dask

    cluster = Cluster(tmp_path, workers=2)
    yield cluster
    cluster.close()


@pytest.fixture
def awkward(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module tests/awkward.py, found by name as a user's own would be, in every process."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return importlib.import_module("awkward")
