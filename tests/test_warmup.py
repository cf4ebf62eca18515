"""Compiled kernels are kept on disk if possible, and `mibench warmup` compiles all of them."""

import compileall
import ctypes
import errno
import json
import os
import pty
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mibench
from mibench import InputError
from mibench.compiled import cache
from mibench.contract import registry

from .conftest import MIBENCH
from .forks_of_python import Python, printed

pytestmark = pytest.mark.slow  # most of them compile kernels, in processes and folders of their own

ROOT = Path(__file__).parents[1]
ESTIMATE = """
    import json, sys
    import mibench
    from mibench.compiled import cache
    sides = [0, 0, 1, 1], [5, 5, 7, 7]
    bits = mibench.estimate(
        *sides, "uniform:correction=none", discrete_x=True, discrete_y=True
    ).bits
    compiled = sum(not kernel.loaded for kernel in cache.compiled_kernels)
    loaded = len(cache.compiled_kernels) - compiled
    print(json.dumps({"bits": bits, "compiled": compiled, "loaded": loaded}))
"""


# -- an installation that its user cannot write to ------------------------------------

# Root ignores permissions unless it drops CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER,
# which its child processes cannot regain (PR_CAPBSET_DROP is 24).
WITHOUT_ROOT_RIGHTS = """
    import ctypes, os, sys
    if os.geteuid() == 0:
        for capability in (1, 2, 3):
            ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
    os.execv(sys.argv[1], sys.argv[1:])
"""


class Installed:
    """A copy of the package, and commands run by a user who cannot write there."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.folder, self.package = folder, folder / "site" / "mibench"
        shutil.copytree(original, self.package)
        self.home = folder / "home"
        self.home.mkdir()
        self.nowhere = folder / "locked" / "home"
        self.nowhere.parent.mkdir(mode=0o555)

    def forbid_writing(self) -> None:
        for place in [self.package, *self.package.rglob("*/")]:
            place.chmod(0o555)
        if self.run(sys.executable, "-c", f"open({str(self.package / 'x')!r}, 'w')")[0] == 0:
            # On Linux, WITHOUT_ROOT_RIGHTS drops the right of root to write anywhere.
            assert sys.platform != "linux", "root has kept its rights"
            pytest.skip(
                "root may write to a read-only folder; only on Linux can it drop this right"
            )

    def run(self, *command: str, home: object = None) -> tuple[int, str, str]:
        environment = {
            key: value for key, value in os.environ.items()
            if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA")
        }  # fmt: skip
        environment |= {"PYTHONPATH": str(self.folder / "site"), "HOME": str(home or self.home)}
        environment["MIBENCH_PROGRESS"] = "off"
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(WITHOUT_ROOT_RIGHTS), *command], cwd=self.home,
            capture_output=True, text=True, timeout=120, env=environment,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def estimate(self, home: object = None) -> dict[str, float]:
        code, out, err = self.run(sys.executable, "-c", textwrap.dedent(ESTIMATE), home=home)
        assert (code, err) == (0, "")
        return json.loads(out)


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """The package with its byte code, which a user who cannot write there would make anew."""
    package = tmp_path_factory.mktemp("original") / "mibench"
    for name, place in (("mibench", "."), ("estimators", "estimators"), ("ibnet", "ibnet")):
        shutil.copytree(
            ROOT / name, package / place, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
    assert compileall.compile_dir(package, quiet=2)
    return package


@pytest.fixture
def installed(original, tmp_path) -> Iterator[Installed]:
    installation = Installed(original, tmp_path)
    yield installation
    for place in tmp_path.rglob("*/"):
        place.chmod(0o755)


def cached_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.nbc"))


def test_with_a_read_only_package_the_users_own_folder_is_used(installed):
    installed.forbid_writing()
    first, again = installed.estimate(), installed.estimate()
    assert (first["bits"], again["bits"]) == (1, 1)
    assert first["compiled"] > 0
    assert again["compiled"] == 0
    assert (
        0 < again["loaded"] < first["compiled"]
    )  # kernels that other kernels call are part of their code
    assert len(cached_files(installed.home)) == first["compiled"]
    assert cached_files(installed.package) == []


@pytest.mark.parametrize("home", ["nowhere", "~"])
def test_without_a_folder_to_write_to_code_is_compiled_in_memory(installed, home):
    """The home of a user whom the system does not know is "~"."""
    installed.forbid_writing()
    result = installed.estimate("~" if home == "~" else installed.nowhere)
    assert result["bits"] == 1
    assert result["compiled"] > 0
    assert os.listdir(installed.home) == []  # the current directory
    assert cached_files(installed.folder) == []


def test_warmup_reports_that_nothing_is_kept(installed):
    installed.forbid_writing()
    warmup = MIBENCH, "warmup", "-e", "uniform:correction=none"
    code, out, err = installed.run(*warmup, home=installed.nowhere)
    assert code == 1
    assert "compiled" in out
    assert "kept:" not in out
    assert "mibench: not kept, so each process compiles it again: " in err
    assert "binning.tally_uniform" in err
    cache_folder = installed.package / "estimators" / "kernels" / "__pycache__"
    assert f"cannot write to {cache_folder} and {installed.nowhere}" in err
    assert "set NUMBA_CACHE_DIR to a folder" in err
    assert "Traceback" not in err


def test_code_next_to_the_sources_serves_all_users_and_warmup_says_where_it_is(installed):
    spec = "uniform:bins=9,correction=none"
    warmup = MIBENCH, "warmup", "-e", spec
    first, again = installed.run(*warmup), installed.run(*warmup)
    files = cached_files(installed.package)
    assert files
    installed.forbid_writing()
    for home in (installed.home, installed.nowhere):
        assert installed.estimate(home) == {"bits": 1, "compiled": 0, "loaded": 2}
    code, out, _ = installed.run(*warmup)
    assert (code, "were compiled already" in out) == (0, True)
    assert cached_files(installed.folder) == files
    assert (first[0], again[0], again[2]) == (0, 0, "")
    assert "compiling what the estimates need, once per installation" in first[2]
    assert first[1].split()[:2] == ["compiled", str(len(files))]
    assert again[1].startswith(f"all kernels for {spec} were compiled already; loaded in ")
    size = sum(file.stat().st_size for file in files) / 1e6
    for _, out, _ in (first, again):
        assert f"kept: {size:.1f} MB in {len(files)} files in\n  {files[0].parent}\n" in out


# -- files that are outdated, damaged, or written by two processes ---------------------------------

INNER = """
    from mibench.compiled.cache import compiled
    def step(x): return x + {step}
    step = compiled(step)
"""
OUTER = """
    from mibench.compiled.cache import compiled
    from .inner import step
    def total(values):
        result = values[0] * 0
        for value in values:
            result += step(value)
        return result
    total = compiled(total)
"""
TOTAL = """
    import numpy as np
    from small.outer import total
    from mibench.compiled.cache import compiled_kernels
    print(float(total(np.{values})), sum(not kernel.loaded for kernel in compiled_kernels))
"""
THREE = "array([1.0, 2.0, 3.0])"


@pytest.fixture
def small(tmp_path, monkeypatch) -> Callable[[int], Path]:
    """A package of two kernels in two files, one of which calls the other; write(step)."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    folder = tmp_path / "small"
    folder.mkdir()

    def write(step: int) -> Path:
        (folder / "__init__.py").touch()
        (folder / "inner.py").write_text(textwrap.dedent(INNER.format(step=step)))
        (folder / "outer.py").write_text(textwrap.dedent(OUTER))
        return folder

    return write


@pytest.fixture(scope="module")
def forks(tmp_path_factory) -> Iterator[Python]:
    server = Python(tmp_path_factory.mktemp("printed"))
    yield server
    server.close()


@pytest.fixture
def total(forks, tmp_path) -> Callable[..., Path]:
    """total(values) sums values by the kernels of `small` in a process that has not run them."""
    return lambda values=THREE: forks.start(textwrap.dedent(TOTAL.format(values=values)), tmp_path)


def test_a_change_of_a_kernel_that_another_file_calls_is_noticed(small, total):
    folder = small(step=1)
    assert [printed(total()), printed(total())] == ["9.0 2\n", "9.0 0\n"]
    before = cached_files(folder)
    stamps = (folder / "outer.py").stat()
    small(step=2)
    os.utime(folder / "outer.py", ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    assert [printed(total()), printed(total())] == ["12.0 2\n", "12.0 0\n"]
    after = cached_files(folder)
    assert len(after) == len(before) == 2
    assert not {*after} & {*before}  # outdated files are removed


@pytest.mark.parametrize("others", [[THREE, "float32([1, 2, 3])"], [THREE, THREE]])
def test_processes_that_compile_at_the_same_time_do_not_mix_up_their_code(small, total, others):
    folder = small(step=1)
    running = [total(values) for values in others * 2]
    assert {printed(process).split()[0] for process in running} == {"9.0"}
    assert [printed(total(values)) for values in others] == ["9.0 0\n"] * 2
    assert len(cached_files(folder)) == 2 * len(set(others))


def test_of_several_processes_one_compiles_and_the_others_load(small, total):
    folder = small(step=1)
    running = [total() for _ in range(4)]
    compiled = sorted(int(printed(process).split()[1]) for process in running)
    assert compiled == [0, 0, 0, 2]
    assert not list(folder.rglob("*.lock"))


@pytest.mark.parametrize("harm", ["cut short", "no code", "not readable"])
def test_a_file_that_cannot_be_used_is_compiled_again(small, total, harm):
    folder = small(step=1)
    printed(total())
    for file in cached_files(folder):
        if harm == "not readable":
            file.unlink()
            file.mkdir()  # reading it fails for root too
        else:
            whole = file.read_bytes()
            file.write_bytes(whole[: len(whole) // 2] if harm == "cut short" else b"N.")
    again = "2" if harm == "not readable" else "0"
    assert [printed(total()), printed(total())] == ["9.0 2\n", f"9.0 {again}\n"]


PLANTED = b"cposix\nmkdir\n(S'ran'\ntR."  # a pickle that makes a folder


WRITTEN_BY_OTHERS = ["file for all", "folder for all"]
if os.geteuid() == 0:  # only root can give files away; the next test needs no such right
    WRITTEN_BY_OTHERS += ["file of another", "folder of another"]


@pytest.mark.parametrize("how", WRITTEN_BY_OTHERS)
def test_code_that_another_user_can_write_is_not_run(small, total, tmp_path, monkeypatch, how):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    folder = small(step=1)
    printed(total())
    planted = cached_files(folder)
    for file in planted:
        file.write_bytes(PLANTED)
    targets = planted if "file" in how else [planted[0].parent]
    for target in targets:
        if "another" in how:
            os.chown(target, 12345, 12345)
        else:
            target.chmod(target.stat().st_mode | 0o002)
    monkeypatch.chdir(tmp_path)
    assert [printed(total()), printed(total())] == ["9.0 2\n", "9.0 0\n"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("owner", "trusted"), [(0, True), (None, True), (12345, False)])
def test_the_owners_whose_code_is_loaded(tmp_path, monkeypatch, owner, trusted):
    """None: this user. The owner that the system reports is replaced, so any user can run this."""
    file, package = tmp_path / "a.nbc", tmp_path / "package"
    file.touch(mode=0o644)
    package.mkdir()
    real = Path.stat

    def stat(self: Path, **options: bool) -> object:
        about = real(self, **options)
        values = list(about)
        values[4] = about.st_uid if owner is None or self != file else owner
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", stat)
    assert cache._is_trusted(file, package) == trusted


def test_code_is_kept_for_its_owner_alone_to_write(small, total):
    folder = small(step=1)
    before = os.umask(0)
    try:
        printed(total())
    finally:
        os.umask(before)
    for path in (*cached_files(folder), cached_files(folder)[0].parent):
        assert not path.stat().st_mode & 0o002
    assert printed(total()) == "9.0 0\n"


# -- within one process ---------------------------------------------------------------


@pytest.fixture
def fresh(tmp_path, monkeypatch) -> Path:
    """An empty cache folder that can be written to."""
    monkeypatch.setattr(cache, "compiled_kernels", [])
    folder = tmp_path / "cache"
    locations = cache.CacheLocations("stamp", (folder,), folder)
    folder.mkdir()
    monkeypatch.setattr(cache, "cache_locations", lambda _: locations)
    return folder


def twice(x):
    return 2 * x


def test_a_full_disk_does_not_affect_the_result(fresh, monkeypatch):
    def full(file: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert cache.compiled(twice)(4) == 8
    [kernel] = cache.compiled_kernels
    assert (kernel.kernel, kernel.loaded) == ("test_warmup.twice", False)
    assert "No space left on device" in kernel.unkept


def test_no_temporary_file_is_left_if_writing_fails(fresh, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: 1 / 0)
    assert cache.compiled(twice)(4) == 8
    assert "division by zero" in cache.compiled_kernels[0].unkept
    assert os.listdir(fresh) == []


SQUARE_ROOT = ctypes.CDLL(None).sqrt
SQUARE_ROOT.argtypes, SQUARE_ROOT.restype = [ctypes.c_double], ctypes.c_double


def by_pointer(x):
    return SQUARE_ROOT(x)


def plus(constant):
    def add(x):
        return x + constant

    return add


def test_code_that_cannot_be_kept_is_reported(fresh):
    assert cache.compiled(by_pointer)(16.0) == 4
    for constant in (1, 2):  # different functions with the same name and line
        assert cache.compiled(plus(constant))(1) == 1 + constant
    names = [kernel.kernel.partition(".")[2] for kernel in cache.compiled_kernels]
    assert names == ["by_pointer", "plus.<locals>.add", "plus.<locals>.add"]
    assert {kernel.unkept for kernel in cache.compiled_kernels} == {
        "it depends on values that another process may not have"
    }
    assert os.listdir(fresh) == []


# -- mibench warmup -------------------------------------------------------------------


def test_warmup_shows_progress_on_a_terminal():
    parent, child = pty.openpty()
    running = subprocess.Popen(
        [MIBENCH, "warmup", "-e", "uniform"], stdout=subprocess.PIPE, stderr=child,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(child)
    shown = b""
    with suppress(OSError):
        while piece := os.read(parent, 4096):
            shown += piece
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    assert b"for uniform" in out
    assert b"calls" in shown
    assert b"/17" in shown  # types of data


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-e", "knm"], ["unknown estimator 'knm'; did you mean 'knn'?"]),
        (["-e", "knn:k=0"], ["k=0", "greater than or equal to 1"]),
        (["-e", ","], ["no estimators given"]),
        (["knn"], ["unexpected extra argument"]),
    ],
)
def test_warmup_refuses_bad_input(mibench, args, message):
    done = mibench("warmup", *args)
    assert (done.returncode, done.stdout) == (2, "")
    for part in message:
        assert part in done.stderr


def test_warmup_needs_the_compiler(mibench, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    done = mibench("warmup", "-e", "uniform")
    assert (done.returncode, done.stdout) == (2, "")
    assert "NUMBA_DISABLE_JIT is set" in done.stderr


SPECS = (
    "uniform", "uniform:bins=30,range=-1:1", "uniform:pooled=true,bins=scott", "adaptive",
    "adaptive:pooled=true,bins=100,own_bin=0", "kde", "kde:bandwidth=0.01",
    "kde:noise_variance=0.1", "kde:noise_variance=0.1,variant=lower", "knn", "knn:variant=2,k=5",
    "knn:noise_variance=0.1", "knn:standardize=true", "knn:algorithm=brute", "canonical",
)  # fmt: skip


def test_after_warmup_no_estimate_compiles_a_kernel():
    assert mibench.warmup().names == ("adaptive", "canonical", "kde", "knn", "uniform", "ibnet")
    before, rng = len(cache.compiled_kernels), np.random.default_rng(1)
    for n in (20, 300, 2000):
        labels = np.arange(n) % 3, np.array(list("abcd"))[np.arange(n) % 4], pd.Series(range(n))
        for dims in ((1, 1), (5, 5), (1, 2), (12, 3))[: 2 if n == 2000 else None]:
            x, y = (rng.normal(size=(n, d)) for d in dims)
            fixed = np.asfortranarray(x)
            fixed.flags.writeable = False
            sides = [x, x.astype(np.float32), x.round(1)]
            if n < 2000:  # containers and layouts do not depend on the number of rows
                sides += [fixed, pd.DataFrame(x), x[:, :1].tolist()]
            for spec in SPECS:
                with suppress(InputError):  # each estimator refuses some
                    for side in sides:
                        mibench.estimate(side, y, spec)
                for codes in labels:
                    with suppress(InputError):
                        mibench.estimate(x, codes, spec, discrete_y=True)
                        mibench.estimate(codes, fixed, spec, discrete_x=True)
                    mibench.estimate(codes, labels[0], spec, discrete_x=True, discrete_y=True)
    assert cache.compiled_kernels[before:] == []


def test_after_warmup_no_training_compiles_a_kernel(tmp_path):
    from mibench.ibnet.settings import Setting
    from mibench.ibnet.training.training import train

    mibench.warmup()
    before = len(cache.compiled_kernels)
    for activation in ("tanh", "relu", "elu", "relu6"):
        setting = Setting(activation, activation=activation, runs=2, epochs=2)
        train(setting, directory=tmp_path / activation)
    assert cache.compiled_kernels[before:] == []


class Plugin:
    """Records the data that it is warmed up with."""

    seen: list[tuple] = []  # noqa: RUF012 - shared by all, and emptied by the test

    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        raise ValueError("an estimate, though there is a warm_up")

    def warm_up(self, x, y, *, discrete_x=False, discrete_y=False):
        self.seen.append((x.dtype.char, x[0].size, y[0].size, discrete_x, discrete_y))
        if discrete_y:
            raise InputError("no labels, please")


class Broken:
    def estimate(self, x, y, *, discrete_x=False, discrete_y=False):
        raise ValueError(f"not for {x.dtype}")


def test_plug_ins_are_warmed_up_by_their_own_method(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {"plugin": Plugin, "broken": Broken})
    Plugin.seen.clear()
    done = []
    report = mibench.warmup("plugin,broken", on_progress=lambda *counts: done.append(counts))
    assert report.names == ("plugin", "broken")
    assert report.failed == {"broken": "ValueError: not for float64"}
    assert (report.compiled, report.loaded) == (0, 0)
    assert {char for char, *_ in Plugin.seen} == {"d", "f", "l"}
    assert {kinds for *_, kinds in ((*s[:3], s[3:]) for s in Plugin.seen)} == {
        (False, False), (False, True), (True, False), (True, True),
    }  # fmt: skip
    assert {s[1:3] for s in Plugin.seen} >= {(1, 1), (3, 3), (1, 3), (3, 1)}
    assert done == [(i + 1, 34) for i in range(34)]
    assert "plugin" in mibench.warmup().names
