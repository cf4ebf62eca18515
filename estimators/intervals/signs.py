"""Signs that an estimate of `auto` is off: how often it is on data that look alike, and why.

The limits were chosen on random tasks of the streams `train` and `calibrate`. How often each flag
is right on the stream `judge` stands in docs/intervals.md.
"""

from collections.abc import Mapping

from mibench.contract import flags

from ..cca.risk import NO_SIGNS as NO_SIGNS_OF_CANONICAL
from ..cca.risk import OFF_NATS, OFF_SHARE

# From these nats, and this share of the estimate, a difference is a sign of an error.
MIN_NATS, MIN_SHARE = 0.1, 0.1
MIN_NATS_OF_HALVES, MIN_SHARE_OF_HALVES = 0.2, 0.2
# Rows that are few for k-NN are few for `auto` if its estimate rises by more than this. Otherwise
# the flag would be right no more often than no flag at all.
MIN_RISE_OF_FEW = 0.03
# What says how the data were treated, and is no more often raised for wrong estimates of `auto`.
NO_SIGNS = (*NO_SIGNS_OF_CANONICAL, "negative")
# What tells why an estimate may be off, and nothing where estimates of such data are right. The
# flags `more_pairs` and `fine_structure` are always raised: networks have more dependent directions
# than the distributions that were learned from, and noise of few values is not among these.
REASONS = (
    "few_samples", "halves_differ", "knn_finds_more", "lower_bound", "not_detected", "rising",
    "unseen",
)  # fmt: skip


def warnings(
    raised: Mapping[str, str], described: Mapping[str, float], risk: float | None, limit: float
) -> dict[str, str]:
    """The flags of `canonical` that are signs of an error, and those of `auto` itself.

    raised: the flags of `canonical`. described: as from `description.describe`. risk: how often
    estimates of such data are off, None if it is not known; `REASONS` are left out if it is below
    the limit.
    """
    nats, halves = described["canonical"], described["canonical_halves"]
    rise, differ = nats - halves, described["canonical_halves_differ"]
    kept = {code: sentence for code, sentence in raised.items() if code not in NO_SIGNS}
    if risk is not None and risk < limit:
        return {code: sentence for code, sentence in kept.items() if code not in REASONS}
    if risk is not None:
        kept.update([flags.likely_off(risk, OFF_NATS, OFF_SHARE)])
    if described["flag_few_samples"] and rise > MIN_RISE_OF_FEW:
        dims = described["dims_low"] + described["dims_high"]
        kept.update([flags.few_samples(int(described["n"]), int(dims))])
    if _exceeds(rise, nats):
        kept.update([flags.rising(nats, halves)])
    if _exceeds(described["knn"] - nats, nats):
        kept.update([flags.knn_finds_more(described["knn"], nats)])
    if differ > max(MIN_NATS_OF_HALVES, MIN_SHARE_OF_HALVES * nats):
        kept.update([flags.halves_differ(halves - differ / 2, halves + differ / 2)])
    return kept


def _exceeds(difference: float, nats: float) -> bool:
    return difference > max(MIN_NATS, MIN_SHARE * nats)
