from .adaptive import Adaptive
from .auto import Auto
from .canonical import Canonical
from .executable import Executable
from .function import Function
from .gaussian import Gaussian
from .gaussian_copula import GaussianCopula
from .kde import KDE
from .knn import KNN
from .uniform import Uniform

__all__ = [
    "KDE",
    "KNN",
    "Adaptive",
    "Auto",
    "Canonical",
    "Executable",
    "Function",
    "Gaussian",
    "GaussianCopula",
    "Uniform",
]
