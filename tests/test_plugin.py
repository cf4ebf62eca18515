"""A third party's estimator, installed as a user would, joins every command."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "gaussian_plugin"


@pytest.fixture(scope="module")
def with_plugin(tmp_path_factory):
    """The example in a temporary environment."""
    home = tmp_path_factory.mktemp("environment")
    copy = home / "gaussian_plugin"  # building must not write into the source tree
    copy.mkdir()
    for file in EXAMPLE.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    return environment_with(copy, home)


def environment_with(package, home):
    """Run mibench in a new environment that has a package, and all that is installed here."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    python = home / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    # addsitedir reads this environment's own .pth files too, so an editable install works here.
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    lines = [f"import site; site.addsitedir({path!r})" for path in sorted(ours)]
    (Path(site) / "parent.pth").write_text("\n".join(lines) + "\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
         "--no-build-isolation", package],
        check=True, capture_output=True,
    )  # fmt: skip

    def run(*args: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [python, "-c", "from mibench.cli.main import main; main()", *args],
            cwd=home, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip

    return run


def test_it_is_listed(with_plugin):
    done = with_plugin("list", "estimators", "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["shrunk_gaussian"]["from"] == "mibench-gaussian 0.1.0"
    assert rows["shrunk_gaussian"]["parameters"] == "shrinkage=0"
    assert "knn" in rows


@pytest.mark.slow
def test_it_is_compared_and_exact_where_its_law_holds(with_plugin):
    done = with_plugin(
        "compare", "-e", "shrunk_gaussian,knn", "--seeds", "3", "--format", "json",
        "--tasks", "multinormal-sparse-5-5-2-2.0,1v1-bimodal-0.75",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cases = {(c["task"], c["estimator"]): c for c in json.loads(done.stdout)["cases"]}
    exact = cases["multinormal-sparse-5-5-2-2.0", "shrunk_gaussian"]
    assert exact["best"]
    assert abs(exact["bias_bits"]) < 0.1  # its own bias is 25 / 2n nats, 0.018 bits, and noise
    assert cases["1v1-bimodal-0.75", "knn"]["best"]


def test_its_parameters_are_checked_like_any_other(with_plugin):
    done = with_plugin("compare", "-e", "shrunk_gaussian:shrinkage=2", "--seeds", "1")
    assert done.returncode == 2
    assert "shrinkage=2" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_fails_on_labels_as_a_recorded_result(with_plugin):
    done = with_plugin(
        "compare", "-e", "shrunk_gaussian", "--tasks", "binary-symmetric-0.1", "--seeds", "2"
    )
    assert done.returncode == 1
    assert "use knn for labels" in done.stdout
