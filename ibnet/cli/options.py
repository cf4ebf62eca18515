"""Options that the commands `mibench ibnet ...` share."""

from collections.abc import Callable
from typing import Any

import click

from mibench.cli.completion import estimator_names, several_of
from mibench.cli.console import FILE

FOR_LAYERS_ALONE = ("exact", "noisy")  # as in measuring.of_layers, which takes a second to import


def layer_estimator_names() -> list[str]:
    """The names that shells offer for estimators of layers."""
    return [*estimator_names(), *FOR_LAYERS_ALONE]


CHANGE_OPTIONS = (
    click.option("--runs", type=int, help="Number of networks.  [default: the setting's, 40]"),
    click.option(
        "--epochs", type=int,
        help="Passes over the training data.  [default: the setting's, 8000]",
    ),
    click.option(
        "--seed", type=int,
        help="Seed of the initial weights, train/test splits and batches.  [default: 0]",
    ),
    click.option(
        "--data", metavar="DATA",
        help="Data set: icosahedron, digits, mnist (5,000 images), idx:FOLDER (MNIST's format), or "
        "a .mat or .npz file.",
    ),
    click.option(
        "--layers", metavar="12-10-..", help="Widths of layers, from the inputs to the classes.",
    ),
    click.option(
        "--activation", metavar="NAME|FORMULA",
        help="Activation function of the hidden layers: tanh, relu, elu, relu6, linear, or a "
        "formula such as 'log(1 + exp(x))'.",
    ),
    click.option(
        "--batch", metavar="N|full",
        help="Inputs per step of the optimizer: a number, or full for all training inputs.",
    ),
    click.option("--learning-rate", type=float, help="Step size of the optimizer."),
    click.option("--optimizer", metavar="NAME", help="adam or sgd."),
    click.option(
        "--init", metavar="NAME",
        help="Distribution of the initial weights: truncated-normal, he or glorot.",
    ),
    click.option("--momentum", type=float, help="Momentum of sgd, such as 0.9.  [default: 0]"),
    click.option(
        "--weight-decay", type=float,
        help="Decay of the weights: each step takes learning rate * decay of them.  [default: 0]",
    ),
    click.option(
        "--label-noise", type=float,
        help="Share of the training inputs that are taught another class.  [default: 0]",
    ),
    click.option(
        "--dropout", type=float,
        help="Share of the outputs of hidden layers that each step sets to 0.  [default: 0]",
    ),
    click.option(
        "--training-noise", type=float, metavar="SD",
        help="Standard deviation of normal noise that each step adds to the outputs of hidden "
        "layers. Networks are measured without it.  [default: 0]",
    ),
    click.option(
        "--quantize", type=int, metavar="BITS",
        help="Bits of weights and activations, 2 to 32, so that `exact` can count their "
        "information.  [default: none, float32]",
    ),
)  # fmt: skip
device_option = click.option(
    "--device", default="cpu", show_default=True,
    help="Where to train: cpu, or cuda (a GPU; needs torch).",
)  # fmt: skip
keep_option = click.option(
    "--keep", metavar="every|log:N|LIST", default="every", show_default=True,
    help="Epochs whose weights to store, such as log:200: about 200, evenly spaced on a log scale. "
    "Only these can be measured.",
)  # fmt: skip
jobs_option = click.option(
    "--jobs", type=int,
    help="Number of processes that measure; the results do not depend on it.  [default: all cores]",
)  # fmt: skip
inputs_option = click.option(
    "--inputs", type=click.Choice(["all", "train", "test"]), default="all", show_default=True,
    help="Inputs that X is uniform over: all, or those that trained or tested each run. Your own "
    "networks have all.",
)  # fmt: skip
estimators_option = click.option(
    "--estimators", "-e", metavar="SPECS", multiple=True,
    shell_complete=several_of(layer_estimator_names),
    help="Estimators, comma-separated, such as uniform:bins=30,kde.  [default: the setting's]",
)  # fmt: skip
figures_output_option = click.option(
    "--output", "-o", type=FILE,
    help="Folder for the figures.  [default: DIRECTORY/figures; figures/train and figures/test for "
    "--inputs train and test]",
)  # fmt: skip
training_output_option = click.option(
    "--output", "-o", type=FILE,
    help="Directory to store everything in.  [default: ibnet-SETTING]",
)  # fmt: skip


def schedule_option(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option that says which epochs to measure, with its name, such as --measure-epochs."""
    return click.option(
        name, "schedule", metavar="every|log:N|LIST",
        help="Epochs to measure: every, log:50 (about 50, evenly spaced on a log scale), or a "
        "list such as 0,10,100.  [default: every; log:50 for estimators that compare all pairs of "
        "inputs]",
    )  # fmt: skip


def change_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that change fields of the setting."""
    for option in reversed(CHANGE_OPTIONS):
        command = option(command)
    return command
