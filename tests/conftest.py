"""Shared by all tests: how to run the command line as a user does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MIBENCH = shutil.which("mibench", path=str(Path(sys.executable).parent)) or "mibench"


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
