"""Watching a model of torch: what is caught, what is left untouched, memory, files, refusals."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from mibench import InputError, ibnet  # noqa: E402

ROOT = Path(__file__).parents[1]
SPECS = ["uniform:bins=10", "adaptive:bins=10", "kde"]
X = torch.linspace(-2, 2, 96).reshape(48, 2)
Y = torch.arange(48) % 3


def make_model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(2, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 3), nn.ReLU()
    )


class Shared(nn.Module):
    """One ReLU that is called twice, a layer that gives a tuple, and one that is never called."""

    def __init__(self):
        super().__init__()
        self.relu, self.linear, self.unused = nn.ReLU(), nn.Linear(2, 2), nn.Tanh()
        self.lstm = nn.LSTM(2, 3, batch_first=True)

    def forward(self, x):
        hidden = self.relu(self.linear(self.relu(x)))
        return self.lstm(hidden[:, None, :])[0][:, 0]


def watched(model=None, layers=("1", "5"), epochs=(0, 1, 5), **options):
    """A watch of a model whose weights change between epochs in the same way."""
    model = make_model() if model is None else model
    watch = ibnet.watch(model, (X, Y), layers if layers is None else list(layers), **options)
    for epoch in epochs:
        watch.log(epoch)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.3).add_(0.01)
    return watch


# -- what is caught -------------------------------------------------------------------------------


def test_the_layers_are_those_that_the_model_computes():
    """The same numbers as from_activations of the model's own outputs, and from one to all rows."""
    model = make_model()
    watch = ibnet.watch(model, (X, Y), ["1", "5"])
    epochs = []
    for epoch in (0, 1):
        watch.log(epoch)
        model.eval()
        epochs.append({"1": model[:2](X), "5": model(X)})  # with gradients
        model.train()
        with torch.no_grad():
            model[0].weight.mul_(3)
    own = ibnet.from_activations(epochs, Y, inputs=X, activation={"1": "tanh", "5": "relu"})
    theirs = ibnet.measure(own, SPECS)
    assert theirs.drop_attrs().equals(watch.measure(SPECS).drop_attrs())
    assert watch.measure(SPECS[0]).attrs["training"] == "Sequential"


def test_the_size_of_batches_changes_nothing():
    """Another batch may round the sums of a row otherwise, by some units in the last place."""
    kept = [watched(batch=batch).activations().kept[0] for batch in (1, 7, 48, 1000)]
    for other in kept[1:]:
        for one, two in zip(kept[0], other, strict=True):
            for a, b in zip(one.columns, two.columns, strict=True):
                assert np.allclose(a, b, rtol=0, atol=2e-6)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=5)
    for data in (
        loader,
        torch.utils.data.TensorDataset(X, Y),
        (X.numpy().astype(float), Y.tolist()),
    ):
        watch = ibnet.watch(make_model(), data, ["1"])
        watch.log(0)
        assert np.array_equal(watch.activations().kept[0][0].columns[0], kept[2][0].columns[0])


def test_all_activation_functions_are_watched_if_none_are_named():
    measured = watched(layers=None).measure("uniform:bins=10")
    assert measured.layer_name.values.tolist() == ["1", "5"]
    assert measured.function.values.tolist() == ["tanh", "relu"]
    assert measured.epoch.values.tolist() == [0, 1, 5]
    with pytest.raises(InputError, match=r"no modules that are activation .*Its modules: 0, 1"):
        ibnet.watch(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), (X, Y))


def test_a_module_that_is_called_twice_gives_two_layers_and_a_tuple_is_selected_from():
    layers = {"relu": None, "lstm": lambda output: output[0], "": None}
    watch = ibnet.watch(Shared(), (X, Y), layers)
    watch.log(0)
    own = watch.activations()
    assert own.layers == ("relu#1", "relu#2", "lstm", "output")
    assert own.widths == (2, 2, 3, 3)
    assert own.functions == ("relu", "relu", "linear", "linear")
    assert np.array_equal(own.kept[0][0].columns[0], X.clamp(min=0).T.numpy())


def test_tensors_of_every_type_are_read():
    values = torch.arange(48.0)[:, None] / 8
    want = ibnet.measure(ibnet.from_activations({"t": values.numpy()}, Y), "uniform:bins=10")
    for other in (values.half(), values.bfloat16(), values.double(), values.requires_grad_()):
        measured = ibnet.measure(ibnet.from_activations({"t": other}, Y), "uniform:bins=10")
        assert measured.i_xt.equals(want.i_xt)
    with pytest.raises(InputError, match="make it a dense one"):
        ibnet.from_activations({"t": values.detach().to_sparse()}, Y)


def test_rows_are_chosen_by_the_seed():
    chosen = [watched(rows=20, seed=seed).activations() for seed in (0, 0, 1)]
    columns = [own.kept[0][0].columns[0] for own in chosen]
    assert columns[0].shape == (4, 20)
    assert np.array_equal(columns[0], columns[1])
    assert not np.array_equal(columns[0], columns[2])
    pairs = torch.utils.data.TensorDataset(X, Y)
    for data in (torch.utils.data.DataLoader(pairs, batch_size=5), pairs):
        loaded = ibnet.watch(make_model(), data, ["1", "5"], rows=20)
        loaded.log(0)
        assert np.array_equal(loaded.activations().kept[0][0].columns[0], columns[0])
    everything = watched().activations().kept[0][0].columns[0]
    assert np.isin(columns[0].round(5), everything.round(5)).all()
    assert chosen[0].sides.h_x_bits == pytest.approx(np.log2(20))
    train, test = (
        ibnet.watch(make_model(), (X[rows], Y[rows])) for rows in (slice(30), slice(30, 48))
    )
    train.log(0), test.log(0)
    assert (train.activations().sides.n, test.activations().sides.n) == (30, 18)


# -- what is left untouched -----------------------------------------------------------------------


def test_the_model_and_the_random_numbers_stay_as_they_were():
    model = make_model()
    model.train()
    model[3].eval()
    model(X).sum().backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = [p.grad.clone() for p in model.parameters()]
    modes = [module.training for module in model.modules()]
    shuffled = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, Y), batch_size=8, shuffle=True
    )
    state = torch.random.get_rng_state()
    for data in ((X, Y), shuffled):
        watch = ibnet.watch(model, data)
        watch.log(0)
        watch.log(1)
    assert torch.equal(state, torch.random.get_rng_state())
    assert [module.training for module in model.modules()] == modes
    for name, value in model.state_dict().items():  # the means of BatchNorm as well
        assert torch.equal(value, before[name])
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)
        assert parameter.requires_grad
    assert not any(module._forward_hooks for module in model.modules())


def test_after_an_error_the_model_is_as_it_was_and_what_was_logged_is_measured():
    model = make_model()
    watch = watched(model, epochs=(0, 1))
    with torch.no_grad():
        model[4].weight.fill_(float("nan"))
    with pytest.raises(InputError, match="layer '5' in epoch 2 has the activation nan in row 0"):
        watch.log(2)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert watch.measure("uniform:bins=10").epoch.values.tolist() == [0, 1]

    class Broken(nn.Tanh):
        def forward(self, x):
            raise RuntimeError("my own error")

    model[1] = Broken()
    with pytest.raises(RuntimeError, match="my own error"):
        watch.log(2)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


# -- memory and files -----------------------------------------------------------------------------


def test_the_memory_is_that_of_the_stored_rows(tmp_path):
    """4 bytes for each unit and row of an epoch; on disk, only the extremes of layers stay."""

    def arrays(own):
        return [a for kept in own.kept[0] for a in getattr(kept, "columns", ())]

    memory, disk = watched(rows=30), watched(rows=30, directory=tmp_path / "d")
    kept = arrays(memory.activations())
    assert sum(a.nbytes for a in kept) == 3 * 30 * (4 + 3) * 4
    assert all(a.base is None and a.dtype == np.float32 for a in kept)
    assert arrays(disk.activations()) == []
    assert memory.measure(SPECS).equals(disk.measure(SPECS))


def test_logging_goes_on_in_a_directory(tmp_path):
    folder = tmp_path / "d"
    whole = watched()
    model = make_model()
    watched(model, epochs=(0, 1), directory=folder)
    later = watched(model, epochs=(5,), directory=folder)
    assert later.epochs == (0, 1, 5)
    assert later.measure(SPECS).equals(whole.measure(SPECS))
    loaded = ibnet.load_activations(folder)
    assert ibnet.read_measured(loaded).sel(estimator=SPECS).i_xt.equals(whole.measure(SPECS).i_xt)
    totals = []
    ibnet.measure(loaded, SPECS, on_progress=lambda done, total: totals.append(total))
    assert totals == []  # nothing is measured twice
    with pytest.raises(InputError, match="epoch 3 follows epoch 5"):
        later.log(3)
    with pytest.raises(InputError, match="holds the activations of other inputs or labels"):
        ibnet.watch(model, (X[:20], Y[:20]), directory=folder)
    with pytest.raises(InputError, match="holds the activations of other inputs or labels"):
        ibnet.watch(model, (X + 1, Y), directory=folder)
    with pytest.raises(InputError, match="epoch 6 has the layers 1, and the first epoch 1, 5"):
        ibnet.watch(model, (X, Y), ["1"], directory=folder).log(6)


def test_a_wider_range_drops_what_was_measured_with_the_old_one(tmp_path):
    model = make_model()
    watch = watched(model, epochs=(0, 1), directory=tmp_path / "d")
    watch.measure("uniform:bins=10")
    with torch.no_grad():
        model[4].weight.mul_(50)
    watch.log(2)
    kept = watch.activations().kept[0]
    fresh = ibnet.from_activations(
        [dict(zip("15", (c.T for c in epoch.read()), strict=True)) for epoch in kept],
        Y, inputs=X, activation={"1": "tanh", "5": "relu"},
    )  # fmt: skip
    want = ibnet.measure(fresh, "uniform:bins=10").i_xt
    assert watch.measure("uniform:bins=10").i_xt.equals(want)


@pytest.mark.parametrize("damage", ["cut", "garbage", "no sides", "about", "sides"])
def test_damaged_files_are_refused_by_name(tmp_path, damage):
    folder = tmp_path / "d"
    watched(directory=folder)
    epoch = folder / "activations" / "epoch-1.npz"
    if damage == "cut":
        epoch.write_bytes(epoch.read_bytes()[:100])
    elif damage == "garbage":
        epoch.write_bytes(b"no zip file")
    elif damage == "no sides":
        (folder / "sides.npz").unlink()
    elif damage == "about":
        (folder / "activations.json").write_text('{"format": 1, "layers": [1]}')
    elif damage == "sides":
        np.savez(folder / "sides.npz", symbols=np.ones(3), labels=np.ones(3))
    with pytest.raises(InputError, match="delete it, and log again"):
        ibnet.load_activations(folder)


def test_an_epoch_of_another_shape_fails_alone(tmp_path):
    watched(directory=tmp_path / "d")
    path = tmp_path / "d" / "activations" / "epoch-1.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **{**arrays, "layer0": arrays["layer0"][:, :5]})
    measured = ibnet.measure(ibnet.load_activations(tmp_path / "d"), "uniform:bins=10")
    assert measured.failed.values.tolist() == [[[False, True, False]]]
    assert np.isfinite(measured.i_xt.sel(epoch=[0, 5])).all()


def test_other_directories_are_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="is not empty: choose another directory"):
            ibnet.watch(make_model(), (X, Y), directory=place)  # before anything is trained
    with pytest.raises(InputError, match=r"holds no activations .* ibnet\.watch"):
        ibnet.load_activations(tmp_path)
    with pytest.raises(InputError, match="cannot write to"):
        watched(directory=tmp_path / ("n" * 300))
    for name in ("n" * 300, "\0"):
        with pytest.raises(InputError, match="holds no activations"):
            ibnet.load_activations(tmp_path / name)


# -- refusals -------------------------------------------------------------------------------------


class Noisy(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.5, training=True)


@pytest.mark.parametrize(
    ("model", "layers", "says"),
    [
        (make_model(), ["7"], "unknown layer '7'"),
        (make_model(), "1", r"must be a list: give \['1'\]"),
        (make_model(), [], "is empty: give some of 0, 1"),
        (make_model(), {"1": 3}, r"layers\['1'\] is 3: give a function"),
        (lambda x: x, None, "model is a function: give a torch.nn.Module"),
        (Shared(), ["lstn"], "did you mean 'lstm'"),
        (Shared(), ["lstm"], r"layer 'lstm' gives a tuple, not a tensor: .*output\[0\]"),
        (Shared(), ["unused"], "'unused' is never called .* leave it out"),
        (Shared(), {"lstm": lambda output: output[1][0]}, r"shape \(1, 48, 3\) for 48 inputs"),
        (nn.Sequential(Noisy()), ["0"], "'0' gives other values for the same inputs"),
    ],
)
def test_bad_layers(model, layers, says):
    with pytest.raises(InputError, match=says):
        ibnet.watch(model, (X, Y), layers).log(0)


@pytest.mark.parametrize(
    ("data", "options", "says"),
    [
        ((X, Y[:-1]), {}, "48 inputs and 47 labels"),
        (X, {}, r"data are a Tensor: give \(inputs, labels\)"),
        ((X, X[:, 0]), {}, "which is no class"),
        ([X], {}, "the loader gives a Tensor, not pairs"),
        ([], {}, "the loader gives nothing"),
        ([(X[:1], Y[:1])], {}, "give at least 2 rows"),
        ([(X[0], Y[0])], {}, "the loader gives single inputs"),
        ([(X, Y), (X[:, :1], Y)], {}, r"shapes \(1,\) and \(2,\): give inputs of one shape"),
        ((X, Y), {"rows": 1}, "rows=1: give a number of inputs, 2 or more"),
        ((X, Y), {"batch": 0}, "batch=0"),
        ((X, Y), {"seed": -1}, "seed=-1: give a whole number"),
        ((np.array(["x"] * 48), Y), {}, "inputs hold <U1 values"),
        ((X, Y), {"activation": "relu"}, "layer '1' has the activation -"),
    ],
)
def test_bad_data(data, options, says):
    with pytest.raises(InputError, match=says):
        ibnet.watch(make_model(), data, **options).log(0)


def test_epochs_increase_and_nothing_is_measured_before_one_is_logged():
    watch = ibnet.watch(make_model(), (X, Y))
    with pytest.raises(InputError, match=r"no epoch was logged: call log\(epoch\)"):
        watch.measure()
    watch.log(3)
    for epoch, says in ((3, "epoch 3 follows epoch 3"), (-1, "epoch -1"), (4.5, "epoch 4.5")):
        with pytest.raises(InputError, match=says):
            watch.log(epoch)
    assert watch.epochs == (3,)


@pytest.mark.slow
def test_without_torch_the_extra_is_named_and_arrays_are_measured():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\nfrom mibench import ibnet, InputError\n"
        "own = ibnet.from_activations({'t': np.arange(8.) % 2}, np.arange(8) % 2)\n"
        "print(ibnet.measure(own, 'uniform:bins=2').i_xt.item())\n"
        "try:\n    ibnet.watch(None, None)\nexcept InputError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "1.0",
        "torch is not installed: ibnet needs it here. Install the extra: pip install "
        "'mibench[torch]'",
    ]


# -- the examples ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits_mlp", "digits_cnn", "sequence_transformer"])
def test_the_examples_run_and_draw(name, tmp_path):
    """Each network learns, and some estimate of each panel is below the ceiling."""
    script, picture = ROOT / "examples" / "own_networks" / f"{name}.py", tmp_path / "plane.png"
    if name == "digits_mlp":  # two runs are enough to be joined, and 60 epochs to learn
        code, count = re.subn("RUNS, EPOCHS = 3, 100", "RUNS, EPOCHS = 2, 60", script.read_text())
        assert count == 1
        script = tmp_path / script.name
        script.write_text(code)
    done = subprocess.run(
        [sys.executable, script, picture], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for share in re.findall(r"([\d.]+)%", done.stdout):
        assert float(share) > 80
    assert picture.stat().st_size > 10_000
    table = pd.read_csv(picture.with_suffix(".csv"))
    last = table[(table.layer == table.layer.max()) & (table.epoch == table.epoch.max())]
    first = table[(table.layer == table.layer.max()) & (table.epoch == 0)]
    assert (last["i_ty_mean_bits"].values > first["i_ty_mean_bits"].values + 0.5).all()
