"""The information bottleneck of a known distribution p(x, y), and the theory that it rests on.

    from mibench import bottleneck
    bottleneck.capacity(channel).bits
    bottleneck.rate_distortion(p_x, distortion).bits
    curve = bottleneck.information_bottleneck(p_xy)
    curve.i_xt, curve.i_ty

Everything here takes probabilities, not samples, and returns nats; `.bits` are there too. The
methods are iterative. They stop where a bound says how near the optimum is, or where nothing
changes, and say which.
"""

from .agglomerative import Merges, agglomerative
from .channels import Capacity, RateDistortion, capacity, rate_distortion
from .curves import BottleneckCurve, information_bottleneck
from .gaussian import GaussianCurve, gaussian_bottleneck

__all__ = [
    "BottleneckCurve",
    "Capacity",
    "GaussianCurve",
    "Merges",
    "RateDistortion",
    "agglomerative",
    "capacity",
    "gaussian_bottleneck",
    "information_bottleneck",
    "rate_distortion",
]
