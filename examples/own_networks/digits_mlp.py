"""The information plane of a multilayer perceptron that learns to read digits.

    pip install 'mibench[torch,examples]'
    python digits_mlp.py [FIGURE.png]

The data are scikit-learn's 1797 images of 8 x 8 pixels. A network of tanh units is trained on three
quarters of them, and the training images are watched. Three runs differ in their weights.
"""

import sys
from itertools import pairwise

import torch
import xarray as xr
from sklearn.datasets import load_digits
from torch import nn

from mibench import ibnet

RUNS, EPOCHS = 3, 100
torch.set_num_threads(1)  # the network is too small for more
images, labels = load_digits(return_X_y=True)
x = torch.tensor(images / 16, dtype=torch.float32)
y = torch.tensor(labels)
is_train = torch.arange(len(x)) % 4 > 0


def make_model() -> nn.Sequential:
    """64 pixels, four layers of tanh units, 10 classes; names of modules are names of layers."""
    model = nn.Sequential()
    for number, (before, after) in enumerate(pairwise((64, 20, 12, 8, 6)), 1):
        model.add_module(f"linear{number}", nn.Linear(before, after))
        model.add_module(f"tanh{number}", nn.Tanh())
    model.add_module("answer", nn.Linear(6, 10))
    return model


def train(run: int) -> xr.Dataset:
    """Train one network, and return its trajectories."""
    torch.manual_seed(run)
    model = make_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    watch = ibnet.watch(model, (x[is_train], y[is_train]), name="MLP on digits")
    watch.log(0)
    for epoch in range(1, EPOCHS + 1):
        for batch in torch.randperm(int(is_train.sum())).split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[is_train][batch]), y[is_train][batch])
            loss.backward()
            optimizer.step()
        if epoch <= 10 or epoch % 5 == 0:
            watch.log(epoch)
    with torch.no_grad():
        right = (model(x[~is_train]).argmax(1) == y[~is_train]).float().mean()
    print(f"run {run}: {right:.1%} of the test images are right")
    return watch.measure(["uniform:bins=10", "kde"])


if __name__ == "__main__":
    trajectories = ibnet.join_runs([train(run) for run in range(RUNS)])
    path = sys.argv[1] if len(sys.argv) > 1 else "digits_mlp.png"
    print(*ibnet.save_drawing(ibnet.plot_plane(trajectories), path))
