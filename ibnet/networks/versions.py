"""The software versions and the machine that computed the numbers."""

import os
import platform
from pathlib import Path

from mibench.versions import package_version


def versions() -> dict[str, str]:
    """The versions of the packages that the numbers depend on, and the machine."""
    packages = {f"{name}_version": package_version(name) for name in ("mibench", "numpy", "numba")}
    return {
        **packages,
        "python_version": platform.python_version(),
        "machine": platform.platform(),
        "processor": f"{os.cpu_count()} cores of {_processor()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def join_versions(earlier: str, current: str) -> str:
    """Return "earlier; current", or only `earlier` if it contains the current version."""
    return earlier if current in earlier.split("; ") else f"{earlier}; {current}"
