"""What importing costs and where it works. Which module may import which is in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {
    "matplotlib", "narwhals", "numba", "pandas", "polars", "pyarrow", "scipy", "sklearn", "torch",
    "xarray", "zarr",
}  # fmt: skip


@pytest.mark.parametrize("statement", ["import mibench", "import mibench.cli.main"])
def test_importing_costs_nothing(statement):
    code = f"import sys; {statement}; print(sorted({HEAVY} & set(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


def test_it_works_from_the_root_of_a_checkout():
    """There, ./mibench hides the installed package, which alone holds mibench/estimators."""
    code = (
        "import mibench; print(mibench.estimate([0, 1, 0, 1], [0, 1, 0, 1], 'uniform:bins=2').bits)"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert out.stdout == "1.0\n", out.stderr


@pytest.mark.parametrize("package", ["mibench", "mibench.estimators", "mibench.ibnet"])
def test_every_public_name_can_be_imported(package):
    """The stubs that type checkers read are the tables that names are loaded by."""
    module = __import__(package, fromlist=["__all__"])
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="nowhere"):
        _ = module.nowhere


def test_no_file_is_too_long():
    for folder in ("mibench", "estimators", "ibnet"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            assert len(path.read_text().splitlines()) <= 400, path
