"""I(X;Y|Z) of binned sides: the MI within each joint bin of Z, weighted by its rows."""

from dataclasses import replace

from mibench.contract import flags
from mibench.contract.conditions import conditions_of
from mibench.contract.strata import estimate_in_strata
from mibench.contract.variables import NO_COLUMNS, NO_LIMITS, Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .labels import LabelCorrection, information_of_labels
from .plug_in import RowSymbols

# What X and what Y share with the place of Z within its bins, in nats, from which an estimate is
# flagged: both sides then follow Z within a bin, and seem to share information given Z.
FOLLOWS = 0.02


def information_given_bins(
    x: Variable,
    y: Variable,
    bins_of_z: Variable,
    finer_bins_of_z: Variable,
    correction: LabelCorrection | None,
) -> Estimate:
    """The sum over bins of Z of n_z / n * I(X;Y | bin), from the bins of all sides as labels.

    With correction None this is H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z). "auto" adjusts each bin of Z for
    chance, see `labels.information_of_labels`.

    finer_bins_of_z: a finer cut, which shows whether X and Y follow Z within its bins.

    Raises:
        InputError: if no bin of Z has two rows.
    """

    def within(a: Variable, b: Variable, _: Variable | None) -> Estimate:
        return information_of_labels(a, b, correction)

    given = conditions_of(None, bins_of_z, 1)
    if given.labels is None:  # a single bin of Z: nothing is given
        estimate = within(x, y, None)
    else:
        try:
            estimate = estimate_in_strata(within, x, y, given)
        except InputError:
            raise InputError(
                f"z is cut into {bins_of_z.cardinality} bins that hold rows, and none holds two "
                "that differ: give fewer columns in z or fewer bins, or use auto or knn"
            ) from None
    follows = [estimate_in_strata(_adjusted, side, finer_bins_of_z, given).nats for side in (x, y)]
    info = {**estimate.info, "method": "plug-in, for each bin of z", "bins_of_z_used": (
        bins_of_z.cardinality
    )}  # fmt: skip
    raised = dict(estimate.flags)
    if min(follows) > FOLLOWS:
        raised.update([flags.coarse_condition(min(follows))])
    return replace(estimate, flags=raised, info=info)


def _adjusted(a: Variable, b: Variable, _: Variable | None) -> Estimate:
    return information_of_labels(a, b)


def as_labels(symbols: RowSymbols) -> Variable:
    """The bins of a side as labels."""
    return Variable(symbols.n, 1, NO_COLUMNS, NO_LIMITS, NO_LIMITS, symbols.symbols, symbols.counts)
