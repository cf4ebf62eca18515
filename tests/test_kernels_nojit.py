"""The twins of small data once more without numba's JIT, where an index out of range raises.

Compiled code would read whatever lies there. Warnings are errors there as here.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_kernels_equal_their_twins_without_jit():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "small", "-p", "no:cacheprovider",
         "tests/test_naive_twins.py", "tests/test_kernels.py", "tests/test_ibnet_training.py",
         "tests/test_canonical_narrow_noise.py"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    [passed] = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) > 150
    assert not re.search(r"failed|skipped|error", done.stdout.splitlines()[-1])
