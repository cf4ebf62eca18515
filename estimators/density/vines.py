"""D-vines of pair copulas, fitted by pyvinecopulib: the copula density of columns, part by part."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mibench.errors import InputError

Float = NDArray[np.float64]

FAMILIES: dict[str, tuple[str, ...]] = {
    "quick": ("indep", "gaussian", "tll"),
    "nonparametric": ("indep", "tll"),
    "parametric": (
        "indep", "gaussian", "student", "clayton", "gumbel", "frank", "joe", "bb1", "bb6", "bb7",
        "bb8", "tawn",
    ),
}  # fmt: skip
FAMILIES["all"] = (*FAMILIES["parametric"], "tll")
LEAST_DENSITY = 1e-300


@dataclass(frozen=True)
class Vine:
    """A fitted D-vine of columns 0, 1, ... d - 1: one tree of pairs of neighbours after another."""

    model: Any
    columns: int

    def log_density(self, scores: Float) -> Float:
        """The log of the copula density in nats at scores (n, d) within (0, 1), (n,)."""
        density = self.model.pdf(np.asfortranarray(scores))
        return np.asarray(np.log(np.maximum(density, LEAST_DENSITY)))

    def part(self, first: int, last: int) -> "Vine | None":
        """The exact margin of the columns [first, last); None for one column, whose copula is 1.

        A pair copula of a D-vine joins two columns given all columns between them. So the columns
        of a part have the pair copulas whose two columns belong to it.
        """
        if last - first < 2:
            return None
        pairs = [
            [
                self.model.get_pair_copula(tree, first + place)
                for place in range(last - first - 1 - tree)
            ]
            for tree in range(last - first - 1)
        ]
        vines = _vines()
        order = vines.DVineStructure(order=list(range(1, last - first + 1)))
        model = vines.Vinecop.from_structure(structure=order, pair_copulas=pairs)
        return Vine(model, last - first)

    @property
    def families(self) -> dict[str, int]:
        """How many pair copulas are of each family."""
        counts: dict[str, int] = {}
        for tree in range(self.columns - 1):
            for place in range(self.columns - 1 - tree):
                name = self.model.get_pair_copula(tree, place).family.name
                counts[name] = counts.get(name, 0) + 1
        return counts


def fit_vine(scores: Float, families: str, smoothing: float) -> Vine:
    """The D-vine of scores (n, d) in the order of their columns; each family chosen by its AIC.

    Raises:
        InputError: if pyvinecopulib is not installed.
    """
    vines = _vines()
    controls = vines.FitControlsVinecop(
        family_set=[getattr(vines.BicopFamily, name) for name in FAMILIES[families]],
        selection_criterion="aic", nonparametric_mult=smoothing, num_threads=1,
    )  # fmt: skip
    columns = scores.shape[1]
    order = vines.DVineStructure(order=list(range(1, columns + 1)))
    model = vines.Vinecop.from_data(np.asfortranarray(scores), structure=order, controls=controls)
    return Vine(model, columns)


def _vines() -> Any:
    try:
        import pyvinecopulib
    except ModuleNotFoundError as error:
        raise InputError(
            "copula needs pyvinecopulib, which is not installed: pip install 'mibench[copula]'"
        ) from error
    return pyvinecopulib
