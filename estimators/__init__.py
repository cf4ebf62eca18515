"""The estimators: one file each, named as on the command line.

`from mibench.estimators import Uniform, Adaptive, KDE, KNN, Canonical` are built in. `Function` and
`Executable` run estimators of your own. The names stand in `__init__.pyi`; each is loaded when it
is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
