"""I(X;Y|Z) of binned sides: the MI within each joint bin of Z, weighted by its rows."""

from dataclasses import replace

from mibench.contract import flags
from mibench.contract.conditions import conditions_of
from mibench.contract.strata import estimate_in_strata
from mibench.contract.variables import Variable
from mibench.errors import InputError
from mibench.types import Estimate

from .labels import LabelCorrection, information_of_labels
from .nearest_in_z import told_within_bins

# What the nearest row in Z tells of X and of Y beyond the bin, in nats, from which an estimate is
# flagged: both sides then change with Z within its bins, and seem to share information given Z.
MOST_TOLD = 0.05


def information_given_bins(
    x: Variable,
    y: Variable,
    bins_of_z: Variable,
    correction: LabelCorrection | None,
) -> Estimate:
    """The sum over bins of Z of n_z / n * I(X;Y | bin), from the bins of all sides as labels.

    With correction None this is H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z). "auto" adjusts each bin of Z for
    chance, see `labels.information_of_labels`.

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
    info = {**estimate.info, "method": "plug-in, for each bin of z", "bins_of_z_used": (
        bins_of_z.cardinality
    )}  # fmt: skip
    return replace(estimate, info=info)


def with_coarse_condition(
    estimate: Estimate, x: Variable, y: Variable, z: Variable, bins_of_z: Variable
) -> Estimate:
    """The estimate of `information_given_bins`, flagged if both sides change within bins of z."""
    told = told_within_bins(x, y, z, bins_of_z)
    if told <= MOST_TOLD:
        return estimate
    code, text = flags.coarse_condition(told)
    return replace(estimate, flags={**estimate.flags, code: text})
