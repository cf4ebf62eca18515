"""Data flows one way: which module may import which, read from the source without running it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"numba", "torch", "sklearn", "matplotlib", "pandas", "scipy", "xarray", "zarr"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at any depth; relative ones with their dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found |= {base} | {
                f"{base}{'' if base.endswith('.') else '.'}{a.name}" for a in node.names
            }
    return found


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path) if not name.startswith(".")}


@pytest.mark.parametrize("path", files("estimators/kernels") + files("ibnet/kernels"), ids=str)
def test_kernels_know_arrays_alone(path):
    """And in one place how they are compiled."""
    ours = {name for name in imports(path) if name.startswith("mibench")}
    if path.name == "_jit.py":
        assert ours == {"mibench.compiled.cache", "mibench.compiled.cache.compiled"}
    else:
        assert not ours
    assert roots(path) - {"mibench"} <= {"math", "numpy", "collections", "typing"}
    assert not any(name.startswith("..") for name in imports(path))


@pytest.mark.parametrize("path", files("ibnet"), ids=lambda p: p.name)
def test_networks_know_torch_in_one_place_alone(path):
    """The GPU's engine."""
    assert ("torch" in roots(path)) == (path.name == "gpu.py")


@pytest.mark.parametrize("path", files("ibnet"), ids=lambda p: p.name)
def test_networks_are_measured_by_the_registry_alone(path):
    """No copy of an estimator, and none by name but in settings: kernels and threads at most."""
    ours = {n for n in imports(path) if n.startswith("mibench.estimators")}
    if path.parts[-2] == "figures":
        return  # the two binnings are drawn by what the estimators use
    assert all(n.startswith("mibench.estimators.shared.threads") for n in ours), ours


@pytest.mark.parametrize(
    ("folder", "banned"),
    [
        ("data", {"networks", "training", "measuring", "figures", "thesis"}),
        ("networks", {"training", "measuring", "figures", "thesis"}),
        ("training", {"measuring", "figures", "thesis"}),
        ("measuring", {"figures", "thesis"}),
        ("figures", {"data", "networks", "training", "measuring", "thesis"}),
        ("thesis/claims", {"data", "networks", "training", "measuring", "figures"}),
    ],
)
def test_networks_flow_one_way_too(folder, banned):
    for path in files(f"ibnet/{folder}"):
        assert not {n.lstrip(".").split(".")[0] for n in imports(path) if n[0] == "."} & banned, (
            path
        )


@pytest.mark.parametrize("path", files("estimators"), ids=lambda p: p.name)
def test_estimators_know_the_types_and_nothing_of_the_harness(path):
    ours = {name for name in imports(path) if name.startswith("mibench")}
    allowed = ("blas", "compiled", "contract", "errors", "types")
    assert all(name == "mibench" or name.split(".")[1] in allowed for name in ours), ours
    assert not any(name.startswith("mibench.contract.registry") for name in ours), ours


@pytest.mark.parametrize("path", files("mibench"), ids=lambda p: p.name)
def test_the_harness_knows_no_estimator_and_no_torch(path):
    names = imports(path)
    assert not any(n.startswith(("mibench.estimators", ".estimators")) for n in names)
    assert "torch" not in roots(path)


TASKS = [path for path in files("mibench/tasks") if path.name != "catalogue.py"]


@pytest.mark.parametrize("path", TASKS, ids=lambda p: p.name)
def test_tasks_know_the_types_alone(path):
    ours = {n.lstrip(".").removeprefix("mibench.") for n in imports(path) if n.startswith("..")}
    assert all(n.startswith("types") for n in ours - {""}), ours


def test_types_and_errors_import_nothing_internal():
    for name in ("types", "errors"):
        path = ROOT / "mibench" / f"{name}.py"
        assert not [n for n in imports(path) if n.startswith((".", "mibench"))]


@pytest.mark.parametrize(
    ("folder", "banned"),
    [
        ("contract", {"running", "records", "summary", "columns", "output", "cli", "api"}),
        ("running", {"records", "summary", "columns", "output", "cli", "api"}),
        ("records", {"summary", "columns", "output", "cli"}),
        ("summary", {"contract", "running", "records", "columns", "output", "cli", "api"}),
        ("output", {"running", "columns", "cli", "api"}),
        ("columns", {"records", "summary", "output", "cli", "api"}),
    ],
)
def test_one_way(folder, banned):
    for path in files(f"mibench/{folder}"):
        assert not {n.lstrip(".").split(".")[0] for n in imports(path) if n[0] == "."} & banned, (
            path
        )


@pytest.mark.parametrize("statement", ["import mibench", "import mibench.cli.main"])
def test_importing_costs_nothing(statement):
    code = f"import sys; {statement}; print(sorted({HEAVY} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_it_works_from_the_root_of_a_checkout():
    """There, ./mibench hides the installed package, which alone holds mibench/estimators."""
    code = (
        "import mibench; print(mibench.estimate([0, 1, 0, 1], [0, 1, 0, 1], 'uniform:bins=2').bits)"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert out.stdout == "1.0\n", out.stderr


def test_no_file_is_too_long():
    for folder in ("mibench", "estimators", "ibnet"):
        for path in files(folder):
            assert len(path.read_text().splitlines()) <= 400, path
