"""Run the comparisons with naive implementations on small data without numba's JIT.

Without JIT an index out of range raises an error; compiled code would read other memory. Warnings
are errors, as in all tests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_kernels_equal_their_naive_implementations_without_jit():
    run = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-k", "small", "-p", "no:cacheprovider",
         "tests/test_naive_implementations.py", "tests/test_kernels.py",
         "tests/test_ibnet_training.py", "tests/test_canonical_narrow_noise.py",
         "tests/test_wide_pairs.py", "tests/test_selection.py", "tests/test_ranking.py",
         "tests/test_conditional.py"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr
    [passed] = re.findall(r"(\d+) passed", run.stdout)
    assert int(passed) > 150
    assert not re.search(r"failed|skipped|error", run.stdout.splitlines()[-1])
