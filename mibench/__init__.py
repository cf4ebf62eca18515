"""Estimates of mutual information (MI), and how far to trust them.

    import mibench
    mibench.estimate(x, y, "knn:k=5").bits
    mibench.pairwise(table).bits
    mibench.compare(["uniform", "adaptive"], seeds=5)

`__init__.pyi` lists the public names. Each is loaded when it is first used, so that importing
mibench takes next to no time.
"""

import os
import sys

import lazy_loader

# In the root of a checkout, Python finds this folder before the installed package. The folders
# that an installation puts inside the package then stand next to it.
_root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if os.path.isfile(os.path.join(_root, "estimators", "kernels", "__init__.py")):
    from ._checkout import CheckoutFinder

    sys.meta_path.insert(0, CheckoutFinder(_root))

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from .versions import package_version

        return package_version("mibench")
    return _load(name)
