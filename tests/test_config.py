"""The file mibench.toml, which keeps the options of `mibench compare`."""

import json

import pytest

GRID = """
[compare]
tasks = ["1v1-normal-0.75", "binary-s*"]
samples = [50, 60]
seeds = 2
estimators = ["uniform", "knn:k=5,variant=2"]
format = "json"
"""


def cases(done):
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["cases"]
    return {(row["task"], row["n"], row["estimator"]) for row in rows}


def test_the_file_here_gives_the_options_and_the_command_line_wins(mibench, tmp_path):
    (tmp_path / "mibench.toml").write_text(GRID)
    done = mibench("compare")
    assert "options of mibench.toml are used" in done.stderr
    assert cases(done) == {
        (task, n, estimator)
        for task in ("1v1-normal-0.75", "binary-symmetric-0.1")
        for n in (50, 60)
        for estimator in ("uniform", "knn:k=5,variant=2")
    }
    assert cases(
        mibench("compare", "--samples", 40, "-e", "uniform", "--tasks", "1v1-normal-0.5")
    ) == {("1v1-normal-0.5", 40, "uniform")}


def test_a_suite_on_the_command_line_replaces_the_tasks_of_the_file(mibench, tmp_path):
    (tmp_path / "grid.toml").write_text(GRID)
    done = mibench("compare", "--config", "grid.toml", "--suite", "discrete", "-e", "uniform")
    assert "binary-symmetric-0.1" in {task for task, *_ in cases(done)}
    assert len(cases(done)) == 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[compare]\nsample = 3", "unknown option 'sample'; did you mean 'samples'"),
        ("[compare]\nconfig = 'x.toml'", "unknown option 'config'"),
        ("[comparison]\nseeds = 3", "unknown table 'comparison'; did you mean 'compare'"),
        ("compare = 3", "write [compare] above its options"),
        ("[compare]\nseeds = {}", "seeds = {}: give a text or a number"),
        ("[compare]\ntasks = []", "tasks = []: give a text or a number"),
        ("[compare]\nseeds = 'many'", "'--seeds'"),
        ("[compare]\nunits = 'bytes'", "'--units'"),
        ("[compare", "grid.toml is no TOML file"),
    ],
)
def test_mistakes_are_named(mibench, tmp_path, text, message):
    (tmp_path / "grid.toml").write_text(text)
    done = mibench("compare", "--config", "grid.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_file_that_is_missing_is_named(mibench):
    done = mibench("compare", "--config", "none.toml")
    assert (done.returncode, "cannot read none.toml: No such file" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "message", "option"),
    [
        ("estimators = ['uniform', 'executable:command=touch ran']", "which runs code", "-e"),
        ("estimators = 'function:call=mine.py:run'", "which runs code", "-e"),
        ("scheduler = 'tcp://127.0.0.1:1'\nbackend = 'dask'", "a Dask scheduler", "--scheduler"),
        ("output = '../x.csv'", "not in its folder", "--output"),
        ("store = 'link.jsonl'", "not in its folder", "--store"),
        ("plot = '/tmp/x.png'", "not in its folder", "--plot"),
        ("against = '../x.parquet'", "not in its folder", "--against"),
    ],
)
def test_a_file_that_nobody_named_decides_nothing_dangerous(
    mibench, tmp_path, text, message, option
):
    (tmp_path / "mine.py").write_text("open('ran', 'w')\nrun = lambda x, y: 0.5")
    (tmp_path / "link.jsonl").symlink_to("../elsewhere.jsonl")
    (tmp_path / "mibench.toml").write_text(f"[compare]\nsamples = 50\nseeds = 1\n{text}\n")
    done = mibench("compare", "--tasks", "1v1-normal-0.75")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "give --config mibench.toml if you trust it" in done.stderr
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path.parent / "elsewhere.jsonl").exists()
    if option == "-e":
        grid = ("--tasks", "1v1-normal-0.75")
        assert mibench("compare", *grid, "-e", "uniform").returncode == 0
        assert not (tmp_path / "ran").exists()
        mibench("compare", *grid, "--config", "mibench.toml")
        assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("value", ["[" * 10_000, "9" * 5000, "99999999999999999999"])
def test_values_that_no_option_can_hold_are_named(mibench, tmp_path, value):
    (tmp_path / "mibench.toml").write_text(f"[compare]\nseeds = {value}\n")
    done = mibench("compare", "--tasks", "1v1-normal-0.75", "-e", "uniform")
    assert (done.returncode, done.stdout) == (2, "")
