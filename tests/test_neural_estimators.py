"""The neural estimators on known MI: values, the direction of errors, and what they leave alone."""

import math
import subprocess
import sys

import numpy as np
import pytest

import mibench
from mibench import InputError
from mibench.contract.completing import SHOWN_AS_ZERO
from mibench.estimators import KNN, NJEE, NWJ, Diffusion, Flow, InfoNCE, Latent, Mine, Smile

from .samples import normal
from .statistics_of_seeds import correlated, mean_and_error, true_nats

torch = pytest.importorskip("torch")

BY_CRITICS = (InfoNCE, Mine, NWJ, Smile)
ALL = (*BY_CRITICS, NJEE, Flow, Diffusion, Latent)


def kinds(*quick):
    """All of them, of which those that are not named are slow."""
    return [pytest.param(k, marks=[pytest.mark.slow] * (k not in quick)) for k in ALL]


@pytest.mark.parametrize("kind", kinds(Smile))
@pytest.mark.parametrize("dims", [1, 10])
def test_independent_sides_have_none(kind, dims):
    """Too high is worse than too low: what networks make of chance is not found in other rows."""
    nats = [
        kind(steps=60).estimate(*correlated(0.0, 300, seed, dims, dims)).nats for seed in range(4)
    ]
    mean, error = mean_and_error(nats)
    assert mean < 0.01 + 3 * error
    assert mean > -0.1 - 3 * error  # overfitted densities fall below 0, and are flagged


# The network loses up to 0.06 nats with these rows; bins of NJEE lose 0.07 more.
@pytest.mark.parametrize("kind", kinds(Flow))
def test_normals_are_near_the_truth_and_rather_too_low(kind):
    errors = [
        kind(steps=140).estimate(*correlated(0.9, 600, seed)).nats - true_nats(0.9)
        for seed in range(4)
    ]
    mean, error = mean_and_error(errors)
    assert mean < 0.01 + 3 * error
    assert mean > (-0.13 if kind is NJEE else -0.06) - 3 * error


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL[:-1])
def test_relations_without_correlation(kind):
    """A ring: knn, which is right here, serves as the truth."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * math.pi, 1500), rng.normal(1, 0.2, 1500)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    truth = KNN().estimate(x, y).nats
    assert truth - 0.25 < kind().estimate(x, y).nats < truth + 0.1


# Densities of three narrow clusters need more rows than classes do.
@pytest.mark.parametrize("kind", kinds(NJEE))
def test_labels_and_columns_with_different_units(kind):
    """Three labels that x tells apart: I = H(label) = log 3, and no more."""
    labels = np.arange(300) % 3
    x = np.random.default_rng(0).normal(size=300) + 8 * labels
    estimate = kind(steps=200).estimate(1e-9 * np.exp(x), labels, discrete_y=True)
    assert (
        math.log(3) - (0.25 if kind in (Flow, Diffusion) else 0.15)
        < estimate.nats
        < math.log(3) + 0.05
    )
    if kind is NJEE:
        assert estimate.ceiling_nats == pytest.approx(math.log(3))


@pytest.mark.parametrize("kind", kinds(NJEE))
def test_values_that_repeat(kind):
    """Four values of Y in five are 0; knn takes ties as well, and finds 0.1 to 0.2 nats."""
    x, y = (np.maximum(side, 0.85)[:, 0] for side in correlated(0.8, 600, 0))
    nats = kind(steps=120).estimate(x, y).nats
    assert nats == pytest.approx(mibench.estimate(x, y, "mixed").nats, abs=0.12)


def test_two_sides_of_labels_are_as_in_knn():
    labels = np.arange(100) % 5
    both = {"discrete_x": True, "discrete_y": True}
    of_knn = KNN().estimate(labels, labels // 2, **both).nats
    assert Smile().estimate(labels, labels // 2, **both).nats == of_knn


@pytest.mark.slow
def test_bins_limit_njee_and_say_so():
    x = normal(300, 1, 1)[0]
    estimate = NJEE(bins=3, steps=300, learning_rate=0.02).estimate(x, x)
    assert estimate.ceiling_nats == pytest.approx(math.log(3))
    assert 0.9 < estimate.nats <= math.log(3)
    assert "ceiling" in estimate.flags


def test_no_estimate_exceeds_what_pairs_can_show():
    x = normal(60, 1, 1)[0]
    infonce = InfoNCE(steps=20).estimate(x, x)
    assert infonce.nats <= infonce.ceiling_nats == pytest.approx(math.log(20))
    mine = Mine(steps=20).estimate(x, x)
    assert mine.nats <= mine.ceiling_nats == pytest.approx(math.log(19 * 20))


@pytest.mark.slow
def test_codes_find_what_many_columns_share():
    """40+40 columns that share one normal number; knn of all columns hardly sees it."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(1000, 1))
    x, y = (shared + 1.5 * rng.normal(size=(1000, 40)) for _ in range(2))
    # The mean of 40 columns tells all: a correlation of 1 / (1 + 1.5^2 / 40).
    truth = true_nats(1 / (1 + 1.5**2 / 40))
    estimate = Latent(dims=1).estimate(x, y)
    assert 0.7 * truth < estimate.nats < truth + 0.1
    assert KNN().estimate(x, y).nats < 0.6 * truth
    assert estimate.info["dims_of_codes"] == [1, 1]


def test_denoisers_begin_with_what_is_right_for_normal_sides():
    """The predicted noise is that of the joint normal distribution of X and the noisy rows of Y."""
    from mibench.estimators.neural.normal_fit import normal_fit

    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(4, 4))
    rows = rng.normal(size=(200_000, 4)) @ mixed
    rows = (rows - rows.mean(0)) / rows.std(0)
    joint = np.corrcoef(rows.T)
    x, y = (torch.from_numpy(side).float()[None] for side in (rows[:, :1], rows[:, 1:]))
    fit = normal_fit(x, y)
    a, s = 0.8, 0.6
    z = y[:, :50] * a + s * torch.randn(1, 50, 3, generator=torch.Generator().manual_seed(0))
    seen = torch.cat([x[:, :50], torch.zeros_like(x[:, :50])])
    found = fit.noise(z.repeat(2, 1, 1), seen, *(torch.full((2, 50, 1), v) for v in (a, s)))
    noisy = a**2 * joint[1:, 1:] + s**2 * np.eye(3)
    z, given = z[0].numpy().astype(float), np.c_[rows[:50, :1], z[0].numpy().astype(float)]
    both = np.block([[joint[:1, :1], a * joint[:1, 1:]], [a * joint[1:, :1], noisy]])
    noise_and_z = np.c_[np.zeros((3, 1)), s * np.eye(3)]
    # Chance removes 9 / 200,000 of the squared correlations; the ridge adds 0.001 to the variances.
    assert found[0].numpy() == pytest.approx(given @ np.linalg.solve(both, noise_and_z.T), abs=0.02)
    assert found[1].numpy() == pytest.approx(z @ np.linalg.solve(noisy, s * np.eye(3)), abs=0.02)


@pytest.mark.parametrize("transform", ["ranks", "standardize"])
def test_denoisers_find_nothing_in_independent_heavy_tails(transform):
    """One column of Y is a normal score, so that no estimate is too high by more than chance."""
    rng = np.random.default_rng(0)
    for rows in (60, 300):
        for _ in range(4):
            x, y = rng.standard_t(0.7, size=(2, rows))
            assert Diffusion(steps=60, transform=transform).estimate(x, y).nats < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "rows", "columns", "dependent"), [(Diffusion, 600, 5, 5), (Flow, 1200, 25, 2)]
)
def test_normal_sides_need_no_training(kind, rows, columns, dependent):
    """One step gives the truth, and independent sides nothing."""
    errors, by_chance = [], []
    for seed in range(6):
        x, y = correlated(0.0, rows, seed, columns, columns)
        both = y.copy()
        both[:, :dependent] = 0.8 * x[:, :dependent] + 0.6 * y[:, :dependent]
        errors.append(kind(steps=1).estimate(x, both).nats - dependent * true_nats(0.8))
        by_chance.append(kind(steps=1).estimate(x, y).nats)
    mean, error = mean_and_error(errors)
    # Of 2.55 and 1.02 nats; the fit to two thirds of the rows costs some hundredths.
    assert abs(mean) < 0.05 + 3 * error
    mean, error = mean_and_error(by_chance)
    assert -0.03 - 3 * error < mean < 0.005 + 3 * error


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-3])
def test_flows_give_no_more_than_rows_can_show(columns, noise):
    """Ranks of nearly equal sides often agree. A density of their grid would have no bound."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, columns))
    found = Flow().estimate(x, x + noise * rng.normal(size=x.shape))
    assert found.ceiling_nats == pytest.approx(columns * (math.log(300) - 0.419), abs=1e-3)
    assert 0.7 * columns * math.log(300) < found.nats < found.ceiling_nats
    assert "ceiling" in found.flags


def test_flows_say_that_one_of_many_columns_is_near_the_limit():
    x, y = correlated(0.0, 300, 0, 8, 8)
    near = y.copy()
    near[:, 3] = x[:, 0] + 1e-3 * y[:, 3]
    found = Flow().estimate(x, near)
    assert "One column adds at most" in found.flags["ceiling"]
    assert "ceiling" not in Flow().estimate(x, 0.9 * x + y).flags
    twice = np.hstack([y[:, :1], y[:, :1]])
    assert "ceiling" not in Flow(steps=100).estimate(x[:, :1], twice).flags  # X has no part in it


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Flow, NJEE])
def test_densities_that_do_not_fit_are_flagged(kind):
    """Clusters in many columns: without X they are learned less well. Normal sides have no flag."""
    x, y = mibench.get_task("clusters-30-30-2-10").sample(1000, 0)
    found = kind().estimate(x, y)
    assert "misfit" in found.flags
    for seed in range(3):
        assert "misfit" not in kind(steps=100).estimate(*correlated(0.8, 300, seed, 2, 2)).flags


def test_flows_of_more_columns_than_rows_are_finite():
    x, y = correlated(0.0, 60, 0, 100, 100)
    assert abs(Flow(steps=40).estimate(x, y).nats) < 0.05
    strong = Flow(steps=40).estimate(x, x + 0.1 * y)
    assert -1 < strong.nats < 10  # of 231


@pytest.mark.parametrize("kind", [Smile, Flow, Latent])
def test_the_state_of_torch_neither_matters_nor_changes(kind):
    x, y = normal(60, 2, 1)
    want = kind(steps=4).estimate(x, y)
    threads, numbers = torch.get_num_threads(), torch.random.get_rng_state()
    try:
        torch.set_default_dtype(torch.float64)
        for count in (1, 3):
            torch.set_num_threads(count)
            with torch.inference_mode():
                assert kind(steps=4).estimate(x, y) == want
            assert torch.get_num_threads() == count
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(threads)
    assert torch.equal(torch.random.get_rng_state(), numbers)


def test_the_seed_matters():
    x, y = correlated(0.9, 200, 0)
    assert Smile(steps=20).estimate(x, y).nats != Smile(steps=20, seed=1).estimate(x, y).nats


@pytest.mark.parametrize("kind", ALL)
def test_a_time_limit_ends_training_with_a_flag_and_changes_nothing_else(kind):
    """What is over at once leaves the networks as they begin, which know of no dependence."""
    x, y = correlated(0.9, 200, 0)
    free, ample = kind(steps=5).estimate(x, y), kind(steps=5, time_limit=600).estimate(x, y)
    assert (ample.nats, ample.flags) == (free.nats, free.flags)
    brief = kind(time_limit=1e-9).estimate(x, y)
    assert set(brief.info["steps"]) == {0}
    assert "limit of 1e-09 s ended training after 0 steps" in brief.flags["not_converged"]
    if kind not in (
        Latent,
        Diffusion,
        Flow,
    ):  # random codes show something, and so does the normal fit
        assert brief.nats == pytest.approx(0, abs=1e-6)
    for wrong in (0, -1, math.inf, math.nan):
        with pytest.raises(InputError, match="time_limit"):
            kind(time_limit=wrong)


@pytest.mark.parametrize("kind", ALL)
def test_what_they_refuse(kind):
    rng = np.random.default_rng(0)
    least = 60 if kind is Diffusion else 12
    said = f"at least {least} rows for folds=3, got {least - 1}: add rows"
    with pytest.raises(InputError, match=said):
        kind().estimate(*rng.normal(size=(2, least - 1)))
    with pytest.raises(InputError, match="seed"):
        kind(seed=2**63)
    with pytest.raises(InputError, match=r"has 101 labels, and networks take at most 100: merge"):
        kind().estimate(rng.normal(size=202), np.arange(202) % 101, discrete_y=True)
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device=cuda: torch finds no GPU here"):
            kind(device="cuda").estimate(*rng.normal(size=(2, 60)))


@pytest.mark.slow
def test_the_test_of_independence_is_that_of_auto():
    x, y = correlated(0.5, 60, 0)
    estimate = mibench.estimate(x, y, "smile:steps=2", permutations=19)
    assert estimate.info["permuted_estimator"] == "combined"
    assert estimate.p_value == mibench.estimate(x, y, "auto", permutations=19).p_value


@pytest.mark.slow
def test_without_torch_the_others_work_and_these_name_the_extra():
    """Three commands in one process, since to start one takes seconds."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from mibench.cli.main import main\n"
        "common = ['--tasks=1v1-normal-0.75', '--samples=50', '--seeds=1', '--jobs=1']\n"
        "for args in (['list', 'estimators'], ['compare', '-e', 'gaussian', *common],\n"
        "             ['compare', '-e', 'smile', *common]):\n"
        "    sys.argv = ['mibench', *args]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as ended:\n"
        "        print('ended with', ended.code, flush=True)\n"
    )
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    said = done.stdout + done.stderr
    assert [line[-1] for line in said.splitlines() if line.startswith("ended")] == ["0", "0", "1"]
    assert "pip install 'mibench[torch]'" in said
    assert "Traceback" not in said


def test_latent_is_negative_where_the_mean_is_and_not_a_part():
    seen = set()
    for seed in range(6):
        estimate = Latent(steps=2, seed=seed).estimate(*correlated(0.0, 90, seed, 3, 3))
        part_below = min(estimate.info["nats_of_parts"]) < 0
        seen.add((part_below, estimate.nats < 0))
        assert ("negative" in estimate.flags) == (estimate.nats < -SHOWN_AS_ZERO)
    assert seen >= {(True, False), (True, True)}
