"""Shared by all tests: how to run the command line as a user does."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings
from joblib.externals.loky import get_reusable_executor

MIBENCH = shutil.which("mibench", path=str(Path(sys.executable).parent)) or "mibench"


# A busy machine takes longer, which is no failure.
settings.register_profile("mibench", deadline=None)
settings.load_profile("mibench")


@pytest.fixture
def mibench(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run `mibench ARGS` in an empty directory; a traceback anywhere fails the test."""

    def run(*args: object, **kwargs: object) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [MIBENCH, *map(str, args)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "COLUMNS": "200"},
            **kwargs,  # type: ignore[call-overload]
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def awkward(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module tests/awkward.py, found by name as a user's own would be, in every process."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    get_reusable_executor().shutdown()  # workers that were started without that path
    return importlib.import_module("awkward")
