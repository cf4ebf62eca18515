"""Checks the types of the package as it is installed: `python .ci/check_types.py`.

In the source tree, `estimators/` and `ibnet/` stand next to `mibench/`; installed, inside it. mypy
does not follow that mapping, so this lays out a copy as it is installed, and runs mypy there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"mibench": ".", "estimators": "estimators", "ibnet": "ibnet"}

with tempfile.TemporaryDirectory() as folder:
    package = Path(folder, "mibench")
    for source, place in FOLDERS.items():
        shutil.copytree(
            ROOT / source, package / place, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml",
            "--cache-dir", ROOT / ".mypy_cache", "-p", "mibench",
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": folder},
    )  # fmt: skip
sys.exit(done.returncode)
