"""What a user waits for at the prompt: help, the first comparison ever, and the next."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

MIBENCH = shutil.which("mibench", path=str(Path(sys.executable).parent)) or "mibench"
HEAVY = ("numba", "torch", "sklearn", "matplotlib", "pandas", "scipy", "numpy")


def seconds(command: list[str], **environment: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
    return time.perf_counter() - start


def test_help(note):
    best = min(seconds([MIBENCH, "--help"]) for _ in range(5))
    note(f"mibench --help: {best:.2f} s (under 0.4 s)")
    assert best < 0.4


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom mibench.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', [m for m in {HEAVY} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip().endswith("loaded: []")


def test_first_and_second_comparison(note, tmp_path):
    command = [MIBENCH, "compare", "--estimators", "uniform,adaptive"]
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    first = seconds(command, **cache)
    second = seconds(command, **cache)
    note(f"compare, with nothing compiled: {first:.1f} s (under 60 s); again: {second:.1f} s (8 s)")
    assert first < 60
    assert second < 8
