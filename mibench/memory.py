"""Refuses work that needs more memory than there is, before the memory is taken."""

from .errors import InputError

SHARE = 0.8  # of what is available; the rest is for everything else that runs


def check_memory(size: int, what: str) -> None:
    """Raise InputError if `size` bytes for `what` are more than the memory that is available."""
    available = available_memory()
    if size > SHARE * available:
        raise InputError(
            f"{what} needs {size / 1e9:.1f} GB of memory, and {available / 1e9:.1f} GB are "
            "available: use a machine with more memory, or a part of the data"
        )


def available_memory() -> int:
    """The bytes that this process can still take: free memory, within the limit on a process."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return free
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return free
    return max(0, min(free, limit - int(psutil.Process().memory_info().vms)))
