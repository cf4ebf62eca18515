"""Studies train what they say, pair runs by their seeds, and find links that are there."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr, ttest_1samp, ttest_rel

from mibench import ibnet
from mibench.errors import InputError
from mibench.ibnet.studies.conditions import conditions, varied

SETTING = ibnet.get_setting("2.1", runs=3, epochs=4)
UNIFORM = "uniform:bins=30"


@pytest.fixture(scope="module")
def trained():
    return ibnet.study(SETTING, {"learning_rate": [4e-4, 1e-2], "batch": ["full"]})


def invented(compression, error, estimator=UNIFORM):
    """Trajectories of two epochs with this compression (runs, layers) and error (runs,).

    A compression is at least 0, since the last epoch is one of them.
    """
    compression, error = np.asarray(compression, float), np.asarray(error, float)
    i_xt = np.stack([compression, np.zeros_like(compression)], axis=1)
    runs, epochs, layers = i_xt.shape
    return xr.Dataset(
        {
            "i_xt": (("estimator", "run", "epoch", "layer"), i_xt[None]),
            "test_error": (("run", "epoch"), np.stack([np.ones(runs), error], axis=1)),
        },
        coords={
            "estimator": [estimator], "run": range(runs), "epoch": range(epochs),
            "layer": range(1, layers + 1),
        },
    )  # fmt: skip


def test_each_condition_is_the_setting_with_its_values(trained):
    assert list(trained) == ["learning_rate=0.0004, batch=full", "learning_rate=0.01, batch=full"]
    alone = ibnet.train(ibnet.get_setting("2.1", runs=3, epochs=4, batch="full"))
    expected = ibnet.measure(alone, epochs="log:50")
    first = trained["learning_rate=0.0004, batch=full"]
    np.testing.assert_array_equal(first.i_xt, expected.i_xt)
    np.testing.assert_array_equal(first.test_error, expected.test_error)


def test_runs_of_one_number_begin_with_the_same_weights(trained):
    first, second = trained.values()
    np.testing.assert_array_equal(first.i_xt.sel(epoch=0), second.i_xt.sel(epoch=0))
    assert not np.array_equal(first.i_xt.sel(epoch=4), second.i_xt.sel(epoch=4))


def test_the_table_has_the_intervals_of_students_t(trained):
    table = ibnet.study_table(trained)
    assert len(table) == 2 * 2 * 6
    first, second = (
        (data.i_xt.max("epoch") - data.i_xt.isel(epoch=-1)).sel(estimator=UNIFORM, layer=5).values
        for data in trained.values()
    )
    row = table.query("estimator == @UNIFORM and layer == 5").iloc[1]
    interval = ttest_1samp(second.astype(float), 0).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval))
    paired = ttest_rel(second.astype(float), first.astype(float)).confidence_interval()
    assert (row["change_low"], row["change_high"]) == pytest.approx(tuple(paired))
    assert row["compression"] == pytest.approx(second.mean())


def test_the_correlation_is_spearmans_and_its_interval_holds_it():
    rng = np.random.default_rng(0)
    study, within = {}, []
    for title in ("a=1", "a=2", "a=3"):
        error = rng.normal(size=40).round(1)  # has ties
        squeezed = 10 + np.c_[error + rng.normal(size=40), rng.normal(size=40)]
        within.append(spearmanr(squeezed[:, 0], error).statistic)
        study[title] = invented(squeezed, error)
    ranks = ibnet.study_ranks(study)
    assert ranks["within"][0] == pytest.approx(np.mean(within))
    assert ranks["within_low"][0] > 0.2
    assert ranks["within_low"][1] < 0 < ranks["within_high"][1]
    assert ranks["within_low"][0] < ranks["within"][0] < ranks["within_high"][0]
    everything = np.concatenate([d.i_xt.values[0, :, 0, 0] for d in study.values()])
    errors = np.concatenate([d.test_error.values[:, 1] for d in study.values()])
    assert ranks["between"][0] == pytest.approx(spearmanr(everything, errors).statistic)


def test_conditions_may_differ_where_their_runs_do_not():
    """Simpson's paradox: a link between conditions, and its reverse within them."""
    rng = np.random.default_rng(1)
    study = {}
    for place in range(3):
        error = place + 0.1 * rng.normal(size=30)
        study[f"a={place}"] = invented((5 + 3 * place - error)[:, None], error)
    (row,) = ibnet.study_ranks(study).to_dict("records")
    assert row["within"] == -1
    assert row["between_low"] > 0.5


@pytest.mark.slow
def test_intervals_cover_a_correlation_of_0_as_often_as_stated():
    # 95% of 200 intervals: 190, and 4 standard deviations are 12. The bootstrap of 40 runs is a
    # little narrow: 93% are allowed for.
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(20):
        study = {"a=1": invented(10 + rng.normal(size=(40, 10)), rng.normal(size=40))}
        ranks = ibnet.study_ranks(study)
        covered += ((ranks["within_low"] < 0) & (ranks["within_high"] > 0)).sum()
    assert covered > 172


def test_runs_that_diverge_and_equal_errors_are_no_numbers():
    squeezed = np.ones((4, 2))
    squeezed[:, 0] = [1, 2, np.nan, 4]
    study = {"a=1": invented(squeezed, [0.1, 0.2, 0.3, np.nan])}
    table = ibnet.study_table(study)
    assert table["runs"].tolist() == [3, 4]
    assert table["compression"][0] == pytest.approx(7 / 3)
    ranks = ibnet.study_ranks(study)
    assert np.isnan(ranks["within"]).all()  # two whole runs; and a layer of one compression


def test_the_figure_shows_the_table():
    rng = np.random.default_rng(3)
    study = {
        f"init={name}": invented(rng.uniform(size=(8, 3)), rng.uniform(size=8))
        for name in ("he", "glorot")
    }
    drawing = ibnet.plot_study(study)
    assert len(drawing.table) == 6
    labels = [text.get_text() for text in drawing.figure.axes[0].get_xticklabels()]
    assert labels == ["he", "glorot"]
    bars = {float(c[0].get_ydata()[0]) for c in drawing.figure.axes[0].containers}
    assert {round(v, 9) for v in drawing.table["compression"]} >= {round(v, 9) for v in bars}


@pytest.mark.slow
def test_the_command_trains_measures_draws_and_continues(mibench, tmp_path):
    command = (
        "ibnet", "study", "2.1", "--vary", "learning-rate=1e-3,1e-2", "--runs", 3, "--epochs", 3,
        "-e", UNIFORM, "--jobs", 1, "-o", "d",
    )  # fmt: skip
    done = mibench(*command)
    assert done.returncode == 0, done.stderr
    assert "learning_rate=0.001" in done.stdout
    assert {path.name for path in (tmp_path / "d").iterdir()} >= {"study.png", "study.csv"}
    again = mibench(*command, "--format", "csv")
    assert again.returncode == 0
    assert "training learning_rate" not in again.stderr
    assert again.stdout.startswith("estimator,condition,layer,runs,compression")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("runs=1,2", "runs is the same in all conditions: vary one of layers"),
        ("learning_rat=1", "did you mean 'learning_rate'"),
        ("learning_rate", "give NAME=VALUE,VALUE"),
        ("learning_rate=", "give NAME=VALUE,VALUE"),
        ("learning_rate=fast", "learning_rate=fast should be a valid number"),
        ("learning_rate=1e-4,0.0001", "learning_rate=0.0001 is given twice"),
        ("layers=12,2", "layer"),
        ("init=he,zero", "zero"),
    ],
)
def test_bad_values_are_named(text, message):
    with pytest.raises(InputError, match=message):
        conditions(SETTING, varied([text]))


def test_bad_studies_are_refused():
    with pytest.raises(InputError, match="names init twice"):
        varied(["init=he", "init=glorot"])
    with pytest.raises(InputError, match="nothing varies"):
        conditions(SETTING, {})
    with pytest.raises(InputError, match="is one value"):
        conditions(SETTING, {"init": "he"})
    with pytest.raises(InputError, match="more than 100"):
        conditions(SETTING, {"learning_rate": [i / 1000 for i in range(1, 102)]})
    with pytest.raises(InputError, match="no conditions"):
        ibnet.study_table({})
    with pytest.raises(InputError, match="no estimator measured all"):
        ibnet.study_table({"a": invented([[1]], [1]), "b": invented([[1]], [1], "kde")})


def test_commas_within_brackets_are_part_of_a_value():
    listed = "activation=tanh,max(x, tanh(x)), min(max(x, 0), 6)"
    assert varied([listed]) == {"activation": ["tanh", "max(x, tanh(x))", "min(max(x, 0), 6)"]}
