"""The group of commands `mibench ibnet ...`."""

import click


@click.group()
def ibnet() -> None:
    """Train neural networks, estimate I(X;T) and I(T;Y) of their layers, draw the results.

    X is the input of a network, T the outputs of one of its layers, and Y the class label. I(X;T)
    and I(T;Y), in bits, are the coordinates of the information plane.

    A setting names the networks to train and the estimators to measure them with; `mibench list
    settings` lists all settings. A run is one network of a setting. This first example takes
    seconds:

        mibench ibnet run 2.1 --runs 2 --epochs 200
    """
