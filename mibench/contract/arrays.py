"""What NumPy can read, as an array, with errors that name a remedy."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

MAX_EXACT = 2**53  # float64 holds all whole numbers up to it


_TEXTS: dict[str, tuple[type, Any]] = {"U": (str, "\0"), "S": (bytes, b"\0")}  # type, NUL


def as_array(values: Any, name: str) -> NDArray[Any]:
    """An array of what NumPy can read. Raises InputError, with a remedy, for anything else."""
    if isinstance(values, np.ndarray):
        if values.dtype.names:
            raise InputError(f"{name} has fields ({', '.join(values.dtype.names)}): give some")
        return values
    refuse_sparse(values, name)
    if type(values).__module__.partition(".")[0] == "torch":
        values = _array_of_tensor(values, name)
    kind = f"{type(values).__module__}.{type(values).__qualname__}".removeprefix("builtins.")
    try:
        array = np.asarray(values)
        if array.dtype.kind in "USf" and isinstance(values, list | tuple):
            array = _without_conversion(values, array)
    except ValueError:  # rows of different lengths
        raise InputError(
            f"{name} is no table: give (n,) or (n, d), n rows of d dimensions"
        ) from None
    except Exception as error:  # an array of another device, or whatever its library raises
        raise InputError(f"{name} is a {kind} that NumPy cannot read ({error}): copy it") from None
    if array.ndim == 0 and array.dtype.kind == "O":
        remedy = f"list({name})" if isinstance(values, Iterable) else "(n,) or (n, d)"
        raise InputError(f"{name} has shape (), since it is a {kind}: give {remedy}, n rows")
    return array


def refuse_sparse(values: Any, name: str) -> None:
    """Raises InputError, with the remedy of its library, for a sparse matrix."""
    package = type(values).__module__.partition(".")[0]
    if package == "scipy" and hasattr(values, "nnz"):
        kind, remedy = f"scipy.sparse.{type(values).__name__}", ".toarray()"
    elif package == "sparse" and hasattr(values, "todense"):
        kind, remedy = f"sparse.{type(values).__name__}", ".todense()"
    elif type(getattr(values, "dtype", None)).__name__ == "SparseDtype":
        kind, remedy = "pandas", ".sparse.to_dense()"
    else:
        return
    raise InputError(
        f"{name} is sparse ({kind}): give its dense values, with {remedy}, if memory allows"
    )


def _array_of_tensor(tensor: Any, name: str) -> Any:
    """A tensor of torch, without its gradient, on the CPU, as NumPy can read it."""
    try:
        if getattr(tensor, "layout", None) is not None and "strided" not in str(tensor.layout):
            raise InputError(f"{name} is sparse ({tensor.layout}): give {name}.to_dense()")
        tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
        return (tensor.double() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{name} is a tensor that NumPy cannot read: {error}") from None


def _without_conversion(values: Any, array: NDArray[Any]) -> NDArray[Any]:
    """A sequence, or one of rows, as objects where NumPy would have changed its values.

    NumPy turns numbers among texts to text, rounds large whole numbers among decimals, and drops
    NUL at the end of a text.
    """
    if array.ndim == 1:
        cells = list(values)
    elif array.ndim == 2 and all(isinstance(row, list | tuple | np.ndarray) for row in values):
        cells = [cell for row in values for cell in row]
    else:
        return array
    if array.dtype.kind == "f":
        whole = (int, np.integer)
        if not any(isinstance(v, whole) and abs(int(v)) > MAX_EXACT for v in cells):
            return array
    else:
        wanted, nul = _TEXTS[array.dtype.kind]
        texts = all(isinstance(v, wanted) for v in cells)
        if texts and not any(v.endswith(nul) for v in cells):
            return array
    objects = np.empty(len(cells), dtype=object)
    objects[:] = cells
    return objects.reshape(array.shape)
