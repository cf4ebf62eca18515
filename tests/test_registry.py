"""Names and spec strings, and what they say when they are wrong."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mibench
from mibench.contract import registry, resolve
from mibench.contract.specs import split_specs
from mibench.errors import InputError
from mibench.estimators import KNN, Adaptive, Uniform

DEFAULT = ["adaptive", "canonical", "kde", "knn", "uniform"]
WHEN_NAMED = [
    "adaptive_kde", "auto", "copula", "diffusion", "edge", "executable", "flow", "function",
    "gaussian", "gaussian_copula", "geometric", "gmm", "infonce", "latent", "lnc", "mine", "mixed",
    "njee", "nwj", "renyi", "sliced", "smile", "soft",
]  # fmt: skip


def test_the_built_in_estimators_come_through_their_entry_points():
    assert {"uniform", "adaptive", "canonical", "kde", "knn"} <= set(mibench.list_estimators())
    assert registry.origin("knn").startswith("mibench ")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("knn", KNN()),
        ("knn:k=5,variant=2", KNN(k=5, variant=2)),
        (" knn: k = 5 ", KNN(k=5)),
        ("knn:standardize=true", KNN(standardize=True)),
        ("uniform:bins=scott,pooled=yes", Uniform(bins="scott", pooled=True)),
        ("uniform:range=-1:1,bins=30", Uniform(bins=30, range=(-1, 1))),
        ("uniform:range=none", Uniform()),
        ("uniform:correction=miller-madow", Uniform(correction="miller-madow")),
        ("adaptive:bins=sturges", Adaptive(bins="sturges")),
    ],
)
def test_spec_strings(spec, expected):
    assert mibench.get_estimator(spec) == expected


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        (
            "knm",
            [
                "unknown estimator 'knm'",
                "did you mean 'knn'",
                "`mibench list estimators` shows all",
            ],
        ),
        ("", ["unknown estimator ''", "adaptive"]),
        ("knn:j=5", ["unknown parameter 'j'", "k=3, variant=1"]),
        ("knn:k=x", ["k=x", "integer", "k=3"]),
        ("knn:k=2.5", ["k=2.5", "integer"]),
        ("knn:k=0", ["k=0", "greater than or equal to 1"]),
        ("knn:k=-3", ["k=-3"]),
        ("knn:variant=3", ["variant=3", "1 or 2"]),
        ("knn:k", ["'k' is not of the form parameter=value"]),
        ("knn:k=", ["'k=' is not of the form"]),
        ("knn:k=1,k=2", ["gives k twice"]),
        ("uniform:bins=0", ["bins=0"]),
        ("uniform:bins=1e9", ["bins=1e9"]),
        ("uniform:bins=many", ["bins=many", "sturges"]),
        ("uniform:range=1:-1", ["range=1:-1", "low must be less than high"]),
        ("uniform:range=1", ["range=1"]),
        ("uniform:range=0:inf", ["range=0:inf", "finite"]),
        ("function", ["'function' lacks call", "function:call=VALUE", "call (required)"]),
        ("executable:form=npz", ["lacks command", "command (required), form=csv"]),
        ("kde:bandwidth=0", ["bandwidth=0"]),
        ("kde:bandwidth=nan", ["bandwidth=nan"]),
        ("kde:bandwidth=wide", ["bandwidth=wide", "scott"]),
    ],
)
def test_a_wrong_spec_names_the_value_and_the_valid_ones(spec, parts):
    with pytest.raises(InputError) as caught:
        mibench.get_estimator(spec)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("uniform,adaptive", ["uniform", "adaptive"]),
        ("uniform:bins=30,adaptive:bins=30,kde", ["uniform:bins=30", "adaptive:bins=30", "kde"]),
        ("knn:k=5,variant=2,kde", ["knn:k=5,variant=2", "kde"]),
        ("uniform:bins=9,range=-1:1,knn", ["uniform:bins=9,range=-1:1", "knn"]),
        ("knn,k=5", ["knn:k=5"]),
        (" , knn ,, ", ["knn"]),
        ("function:call=a.py:f,units=bits,kde", ["function:call=a.py:f,units=bits", "kde"]),
        ("own:command=a -F ',' b=1,n=2,knn", ["own:command=a -F ',' b=1,n=2", "knn"]),
        ('own:command=a "x,y" don\'t,knn', ['own:command=a "x,y" don\'t', "knn"]),
    ],
)
def test_splitting(text, specs):
    assert split_specs(text) == specs


@given(
    k=st.integers(1, 50),
    variant=st.sampled_from([1, 2]),
    standardize=st.booleans(),
    bins=st.one_of(st.integers(1, 10**6), st.sampled_from(["auto", "sturges", "scott"])),
    low=st.floats(-1e6, 1e6).map(lambda v: round(v, 3)),
)
def test_a_spec_reads_back_as_the_same_estimator(k, variant, standardize, bins, low):
    estimators = [KNN(k, variant, standardize), Uniform(bins, (low, low + 1))]
    specs = [resolved.spec for resolved in resolve.resolve_estimators(estimators)]
    assert [mibench.get_estimator(s) for s in specs] == estimators
    assert split_specs(",".join(specs)) == specs


def test_the_same_estimator_twice_is_one():
    assert [o.spec for o in resolve.resolve_estimators(["knn", "knn:k=3", KNN()])] == ["knn"]


def test_registering_for_a_session(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})

    class Mine(KNN):
        """A neighbour of knn."""

    mibench.register("my_own", Mine)
    assert mibench.get_estimator("my_own:k=4") == Mine(k=4)
    assert resolve.resolve_estimators([Mine(k=4)])[0].spec == "my_own:k=4"
    with pytest.raises(InputError, match="taken"):
        mibench.register("my_own", Mine)
    with pytest.raises(InputError, match="taken"):
        mibench.register("knn", Mine)
    with pytest.raises(InputError, match="empty or holds"):
        mibench.register("a:b", Mine)


def test_what_needs_parameters_is_not_run_by_default(monkeypatch):
    assert mibench.list_estimators() == sorted([*DEFAULT, *WHEN_NAMED])
    assert registry.default_estimators() == DEFAULT

    @dataclass(frozen=True)
    class Needy(KNN):
        """Its k has no default, as in a class of somebody else's."""

        k: int = field(default_factory=lambda: 3)
        place: str = field(kw_only=True)

    monkeypatch.setattr(registry, "_registered", {"needy": Needy})
    assert registry.default_estimators() == DEFAULT
    with pytest.raises(
        InputError, match=r"'needy:k=2' lacks place.*k, variant=1.*place \(required"
    ):
        mibench.get_estimator("needy:k=2")
    assert mibench.get_estimator("needy:place=a:b=c").place == "a:b=c"


def test_a_class_that_does_not_estimate_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {"odd": object})
    with pytest.raises(InputError, match="no estimate"):
        mibench.get_estimator("odd")


def test_unknown_tasks_and_suites():
    with pytest.raises(InputError, match=r"did you mean .*1v1-normal-0.75"):
        mibench.get_task("1v1-normal-0.7")
    with pytest.raises(InputError, match=r"unknown suite 'quik'.*quick"):
        mibench.compare("knn", suite="quik")
