"""The estimators: one file each, named as on the command line.

`Uniform`, `Adaptive`, `KDE`, `KNN`, `Canonical` and `Auto` are built in. `Function` and
`Executable` run estimators of your own. `__init__.pyi` lists these names; each is loaded when it is
first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
