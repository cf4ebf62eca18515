from .adaptive import Adaptive
from .adaptive_kde import AdaptiveKDE
from .auto import Auto
from .binning.corrected import entropy_of_counts_nats
from .canonical import Canonical
from .copula import Copula
from .diffusion import Diffusion
from .edge import Edge
from .entropies import geometric_entropy_nats, knn_entropy_nats, kozachenko_leonenko_nats
from .executable import Executable
from .flow import Flow
from .function import Function
from .gaussian import Gaussian
from .gaussian_copula import GaussianCopula
from .geometric import Geometric
from .gmm import GMM
from .infonce import InfoNCE
from .kde import KDE
from .knn import KNN
from .latent import Latent
from .lnc import LNC
from .mine import Mine
from .mixed import Mixed
from .njee import NJEE
from .nwj import NWJ
from .renyi import Renyi
from .sliced import Sliced
from .smile import Smile
from .soft import Soft
from .uniform import Uniform

__all__ = [
    "GMM",
    "KDE",
    "KNN",
    "LNC",
    "NJEE",
    "NWJ",
    "Adaptive",
    "AdaptiveKDE",
    "Auto",
    "Canonical",
    "Copula",
    "Diffusion",
    "Edge",
    "Executable",
    "Flow",
    "Function",
    "Gaussian",
    "GaussianCopula",
    "Geometric",
    "InfoNCE",
    "Latent",
    "Mine",
    "Mixed",
    "Renyi",
    "Sliced",
    "Smile",
    "Soft",
    "Uniform",
    "entropy_of_counts_nats",
    "geometric_entropy_nats",
    "knn_entropy_nats",
    "kozachenko_leonenko_nats",
]
