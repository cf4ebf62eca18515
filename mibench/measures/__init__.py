"""Other measures of information, from the same estimators: entropy, total correlation and others.

    from mibench import measures
    measures.entropy(labels).bits
    measures.total_correlation(table).bits
    measures.o_information(table).bits
    measures.kl_divergence(before, after).bits

They are `mibench.Estimate`s. `docs/measures.md` has the formulas and what they are good for. The
package `dit` has partial information decomposition, and measures of known distributions.
"""

from .divergence import kl_divergence
from .entropy import NormalizedMI, conditional_entropy, entropy, normalized_mi
from .several import dual_total_correlation, o_information, total_correlation

__all__ = [
    "NormalizedMI",
    "conditional_entropy",
    "dual_total_correlation",
    "entropy",
    "kl_divergence",
    "normalized_mi",
    "o_information",
    "total_correlation",
]
