"""Names on the command line: completion, `show`, patterns, several suites, near names."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mibench as package
from mibench import InputError
from mibench.cli import completion, description
from mibench.contract.flags import FLAGS
from mibench.contract.registry import list_estimators
from mibench.tasks import catalogue
from mibench.tasks.catalogue import find_tasks, list_tasks

from .conftest import MIBENCH, environment


@pytest.fixture
def complete(mibench):
    """What the shell is offered for the last of these words."""

    def run(*words: str, shell: str = "bash") -> list[str]:
        place = words[-1] if shell == "fish" else str(len(words))
        env = {
            **environment(), "_MIBENCH_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": " ".join(["mibench", *words]), "COMP_CWORD": place,
        }  # fmt: skip
        done = mibench(env=env)
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]

    return run


def offered(lines: list[str]) -> set[str]:
    return {line.partition(",")[2] for line in lines}


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["est"], {"estimate"}),
        (["ibnet", "mea"], {"measure"}),
        (["compare", "--sui"], {"--suite"}),
        (["compare", "-e", "uni"], {"uniform"}),
        (["compare", "-e", "uniform,k"], {"uniform,kde", "uniform,knn"}),
        (["compare", "--tasks", "1v1-additive-0.1,1v1-additive-0.7"],
         {"1v1-additive-0.1,1v1-additive-0.75"}),
        (["report", "s.jsonl", "--suite", "high"], {"high-mi"}),
        (["pairwise", "data.csv", "-e", "kn"], {"knn"}),
        (["rank", "data.csv", "-e", "kn"], {"knn"}),
        (["rank", "data.csv", "--test", "ada"], {"adaptive", "adaptive_kde"}),
        (["list", "se"], {"settings"}),
        (["show", "few"], {"few_samples"}),
        (["completion", "z"], {"zsh"}),
    ],
)  # fmt: skip
def test_what_the_shell_is_offered(complete, words, some):
    assert offered(complete(*words)) == some


def test_a_shell_gets_its_answer_from_a_new_process():
    """As the script of `mibench completion bash` asks; the other tests fork a process."""
    asked = {"_MIBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "mibench est", "COMP_CWORD": "1"}
    done = subprocess.run(
        [MIBENCH], capture_output=True, text=True, timeout=60, env={**environment(), **asked}
    )
    assert (done.stdout, done.stderr) == ("plain,estimate\n", "")


def test_the_other_shells_are_offered_the_same(complete):
    assert complete("show", "few", shell="zsh")[1] == "few_samples"
    assert complete("show", "few", shell="fish")[0].split(",")[1].split("\t")[0] == "few_samples"


@pytest.mark.parametrize(
    "file",
    [
        "a.csv",
        "a.tsv",
        "semicolons.csv",
        "a.csv.gz",
        "a.parquet",
        "a.npz",
        "title.csv",
        "a.csv.zip",
    ],
)
def test_columns_of_the_file_are_offered(complete, tmp_path, file):
    import numpy as np
    import pandas as pd

    table = pd.DataFrame({"height": [1.0], "health": [2.0], "weight": [3.0]})
    path = tmp_path / file
    if file.endswith(".parquet"):
        table.to_parquet(path)
    elif file.endswith(".npz"):
        np.savez(path, **{name: table[name] for name in table})
    elif file == "semicolons.csv":
        table.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig")
    elif file == "title.csv":
        path.write_text("A table, of patients and others\nheight,health,weight\n1,2,3\n2,3,4\n")
    else:
        table.to_csv(path, index=False, sep="\t" if file == "a.tsv" else ",")
    assert offered(complete("estimate", file, "--x", "he")) == {"height", "health"}
    got = offered(complete("estimate", file, "--x", "height", "--y", "height,"))
    assert got == {"height,health", "height,weight"}
    assert offered(complete("pairwise", file, "--columns", "w")) == {"weight"}
    assert offered(complete("rank", file, "--target", "w")) == {"weight"}


def test_a_file_that_cannot_be_read_offers_nothing(complete, tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    for file in ("none.csv", "bad.parquet"):
        assert complete("estimate", file, "--x", "a") == []


def test_completion_does_not_import_numba():
    code = (
        "import sys; import mibench.cli.main; from mibench.cli import completion as c; "
        "c.shown_names(); print('numba' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False False\n"


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_script_of_each_shell(mibench, shell):
    done = mibench("completion", shell)
    assert (done.returncode, "_MIBENCH_COMPLETE" in done.stdout) == (0, True)
    by_variable = mibench(env={**environment(), "_MIBENCH_COMPLETE": f"{shell}_source"})
    assert by_variable.stdout == done.stdout


def test_all_names_are_offered(monkeypatch):
    assert completion.task_names() == list_tasks()
    monkeypatch.setattr(catalogue, "list_tasks", lambda: 1 / 0)  # a broken package
    assert "1v1-normal-0.75" in completion.task_names()
    assert completion.estimator_names() == list_estimators()


# -- mibench show ----------------------------------------------------------------------------


def test_an_estimator_is_shown_with_its_parameters(mibench):
    text = mibench("show", "knn:k=5").stdout
    for part in ("k = 3: the number of neighbours", "noise_variance = none", "Bias:",
                 "doi:10.1103/PhysRevE.69.066138", "from mibench"):  # fmt: skip
        assert part in text


def test_a_task_is_shown_with_its_truth_in_both_units(mibench):
    text = mibench("show", "1v1-normal-0.75").stdout
    for part in ("0.413339 nats = 0.596323 bits", "quick", "covariance = array(", "doi:10.1002"):
        assert part in text


def test_every_estimator_flag_and_suite_can_be_shown():
    for flag in FLAGS:
        text = description.description(flag)
        assert FLAGS[flag] in text
        assert len(text.split("remedy")[1]) > 40
    for name in list_estimators():
        assert "no description" not in description.description(name)
    assert "suite of 21 tasks" in description.description("quick")


@pytest.mark.slow
def test_every_task_can_be_shown():
    for task in find_tasks(None, "all"):
        text = description.description(task.name)
        assert f"{task.mi_bits:.6g} bits" in text
        assert max(map(len, text.splitlines())) <= 100


def test_an_unknown_name_suggests_near_ones_and_counts_the_rest(mibench):
    done = mibench("show", "1v1-norml-0.7")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean '1v1-normal-0." in done.stderr
    assert "others" in done.stderr
    assert len(done.stderr) < 300
    done = mibench("compare", "--tasks", "1v1-norml-0.7")
    assert (
        f"There are {len(list_tasks()) - 3} others: `mibench list tasks` shows all" in done.stderr
    )


# -- patterns and several suites -----------------------------------------------------------------


def names_of(done) -> list[str]:
    return [row["name"] for row in json.loads(done.stdout)]


def test_lists_of_tasks_by_suite_and_pattern(mibench):
    rows = names_of(
        mibench("list", "tasks", "--suite", "quick,discrete", "--match", "b*", "--format", "json")
    )
    assert "binary-symmetric-0.1" in rows
    assert all(name.startswith("b") for name in rows)
    assert len(names_of(mibench("list", "tasks", "--suite", "quick", "--format", "json"))) == 21
    for args, message in (
        (("tasks", "--match", "zz*"), "'zz*' fits no name"),
        (("flags", "--suite", "quick"), "--suite selects tasks, not flags"),
        (("tasks", "--suite", "quik"), "did you mean 'quick'"),
    ):
        done = mibench("list", *args)
        assert (done.returncode, message in done.stderr) == (2, True)


def test_patterns_and_several_suites_choose_tasks():
    several = find_tasks(None, ["quick", "discrete,high-mi"])
    one_by_one = {t.name for s in ("quick", "discrete", "high-mi") for t in find_tasks(None, s)}
    assert len(several) == len(one_by_one)
    assert {task.name for task in several} == one_by_one
    found = find_tasks("1v1-normal-0.*5,binary-s*", None)
    assert {"1v1-normal-0.75", "binary-symmetric-0.1"} <= {task.name for task in found}
    assert "1v1-normal-0.5" in {task.name for task in found}
    for pattern in ("zz*", "1v1-normal-[9]*"):
        with pytest.raises(InputError, match="no task fits the pattern"):
            find_tasks(pattern, None)


def test_results_of_a_store_by_pattern_and_suites(tmp_path):
    store = tmp_path / "s.jsonl"
    package.compare("uniform", tasks="1v1-normal-0.*,binary-s*", samples=50, seeds=1, store=store)
    got = package.results(store, tasks="binary-s*")["task"]
    assert set(got) == {"binary-symmetric-0.1"}
    got = package.results(store, suite=["high-mi", "discrete"])["task"]
    assert set(got) == {"binary-symmetric-0.1"}


BASH = shutil.which("bash")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no bash; elsewhere this test wants it")
def test_bash_inserts_a_name_as_one_word(mibench, tmp_path):
    """With spaces, commas, stars and quotes, also after a quote that the user has typed."""
    (tmp_path / "t.csv").write_text("cell type,it's,a*,plain\n1.5,2,3,4\n2,3,4.5,5\n")
    script = """
        eval "$(mibench completion bash)"
        try() {
            COMPREPLY=() COMP_WORDS=(mibench estimate t.csv "$@") COMP_CWORD=$(($# + 2))
            _mibench_completion mibench
            printf '%s\n' "${COMPREPLY[@]}"
        }
        try --x ce; try --x '"ce'; try --x it; try --x a; try --x p; try --x = p
        try --y = ce --x = p; try --discrete-x --missing =; try --x 'plain,ce'
    """
    assert BASH is not None
    path = f"{Path(MIBENCH).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [BASH, "--norc", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**environment(), "PATH": path},
    )  # fmt: skip
    assert done.stderr == ""
    inserted = done.stdout.splitlines()
    assert inserted[:6] == [r"cell\ type", "cell type", r"it\'s", r"a\*", "plain", "plain"]
    assert inserted[6:10] == ["plain", "complete", "pairwise", "error"]
    assert inserted[10].replace("\\,", ",") == r"plain,cell\ type"
