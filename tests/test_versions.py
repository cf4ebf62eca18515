"""The version in a record changes with the code that the numbers depend on, and only with it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mibench
from mibench.contract.resolve import resolve_estimators
from mibench.records.store import Store
from mibench.versions import code_digest, package_version

CHECKOUT = Path(__file__).parents[1]

COMPARE = """
import json, sys, mibench
computed = []
table = mibench.compare(
    "knn,uniform", tasks="1v1-normal-0.75", samples=50, seeds=2, store="results.jsonl",
    on_progress=lambda done, total: computed.append(done),
)
versions = table.drop_duplicates("estimator").set_index("estimator")["version"].to_dict()
nats = table.groupby("estimator")["nats"].mean().to_dict()
print(json.dumps({"computed": len(computed), "versions": versions, "nats": nats}))
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of the sources, and what runs a comparison with them, keeping a store."""
    for folder in ("mibench", "estimators", "ibnet"):
        shutil.copytree(
            CHECKOUT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )

    def compare() -> dict:
        # 50 rows take longer to compile for than to count in plain Python.
        environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", COMPARE], cwd=tmp_path, env=environment,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return tmp_path, compare


@pytest.mark.slow
def test_stored_results_of_changed_code_are_not_reused(checkout):
    folder, compare = checkout
    first = compare()
    assert first["computed"] == 4
    assert compare()["computed"] == 0  # the same code: all of it comes from the store
    knn = folder / "estimators" / "knn.py"
    source = knn.read_text()
    changed = source.replace("psi_k = digamma(self.k)", "psi_k = 1 + digamma(self.k)")
    assert changed != source
    knn.write_text(changed)
    patched = compare()
    assert patched["computed"] == 2  # knn alone
    assert patched["versions"]["knn"] != first["versions"]["knn"]
    assert patched["versions"]["uniform"] == first["versions"]["uniform"]
    assert patched["nats"]["knn"] == pytest.approx(first["nats"]["knn"] + 1)
    assert patched["nats"]["uniform"] == first["nats"]["uniform"]
    knn.write_text(source)
    assert compare() == first | {"computed": 0}  # the results of the first code are still there
    assert len(list(Store(folder / "results.jsonl"))) == 6


@pytest.mark.slow
def test_code_that_an_estimator_imports_is_part_of_its_version(checkout):
    folder, compare = checkout
    first = compare()["versions"]
    ties = folder / "estimators" / "neighbours" / "ties.py"
    ties.write_text(ties.read_text() + "\n# another line\n")
    second = compare()["versions"]
    assert second["knn"] != first["knn"]
    assert second["uniform"] == first["uniform"]


def test_a_built_in_version_names_package_and_code():
    [resolved] = resolve_estimators("knn")
    digest = code_digest("mibench.estimators.knn")
    assert resolved.version == f"mibench {package_version('mibench')}, code {digest}"
    assert len(digest) == 12
    assert code_digest("mibench.estimators.kde") != digest


def test_imports_are_followed_in_the_own_package_alone(tmp_path, monkeypatch):
    package = tmp_path / "digested"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("import json\nfrom .b import value\n")
    (package / "b.py").write_text("value = 1\ndef lazy():\n    from digested import c\n")
    (package / "c.py").write_text("")
    (package / "unused.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))

    def digest() -> str:
        for function in (code_digest, *CACHED):
            function.cache_clear()
        return code_digest("digested.a")

    first = digest()
    (package / "unused.py").write_text("x = 1\n")
    assert digest() == first
    (package / "c.py").write_bytes(b"x = 1\n")  # imported inside a function of b
    second = digest()
    assert second != first
    (package / "c.py").write_bytes(b"x = 1\r\n")  # as git may check it out on Windows
    assert digest() == second
    (package / "other.npz").write_bytes(b"1")
    assert digest() == second
    (package / "c.py").write_text('FILE = "numbers.npz"\n')  # a model that c reads
    (package / "numbers.npz").write_bytes(b"1")
    third = digest()
    (package / "numbers.npz").write_bytes(b"2")
    assert digest() != third


CACHED = (mibench.versions._read, mibench.versions._source_file)


def test_nothing_but_the_package_is_found_in_a_checkout():
    """Not the tests, and no second copy of the classes under another name."""
    code = """
import importlib, mibench, mibench.estimators, mibench.ibnet, mibench.reference
for name in ("tests", "mibench", "benchmarks", "docs", "examples"):
    try:
        importlib.import_module(f"mibench.{name}")
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"mibench.{name} can be imported")
print(mibench.estimators.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(CHECKOUT / "estimators" / "__init__.py"), done.stderr
