"""Finds `mibench.estimators`, `mibench.ibnet` and `mibench.reference` in a checkout."""

import os
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

# As `package-dir` in pyproject.toml has them.
FOLDERS = {
    "mibench.estimators": "estimators",
    "mibench.ibnet": "ibnet",
    "mibench.reference": os.path.join("benchmarks", "reference"),
}


class CheckoutFinder:
    """A finder for `sys.meta_path` that maps these three packages to their folders in a checkout.

    It has no base class, since importing `importlib.abc` would take longer than the rest of
    mibench.
    """

    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """The package of this name; None for any other name, which other finders look for."""
        if fullname not in FOLDERS:
            return None
        folder = os.path.join(self.root, FOLDERS[fullname])
        return spec_from_file_location(
            fullname, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
        )
