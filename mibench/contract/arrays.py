"""What NumPy can read, as an array, with errors that name a remedy."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError


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
        if array.dtype.kind in "USf" and isinstance(values, list | tuple) and array.ndim == 1:
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
    """A sequence as objects where NumPy would have turned numbers to text, or rounded them."""
    wanted = {"U": str, "S": bytes, "f": float}[array.dtype.kind]
    if array.dtype.kind == "f":
        if not any(isinstance(v, int) and abs(v) > 2**53 for v in values):
            return array
    elif all(isinstance(v, wanted) for v in values):
        return array
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects
