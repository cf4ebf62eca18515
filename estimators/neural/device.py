"""Where networks are trained, by how many threads, and from which random numbers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mibench.errors import InputError

_lock = threading.Lock()
_inside = [0, 0]  # estimates that are under way, and torch's number of threads before them


def device_of(name: str) -> torch.device:
    """The device: "cpu", "cuda", or "auto". Raises InputError for CUDA where there is none."""
    there = torch.cuda.is_available() if name != "cpu" else False
    if name == "cuda" and not there:
        raise InputError("device=cuda: torch finds no GPU here. Use device=cpu, or device=auto")
    return torch.device("cuda" if there else "cpu")


def generator_of(seed: int) -> torch.Generator:
    """Random numbers of an estimate, on the CPU for any device; torch's own stay as they are."""
    return torch.Generator(device="cpu").manual_seed(seed)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of torch within the block, and the user's number afterwards.

    Another number of threads sums in another order, and networks this small gain nothing from more.
    Each thread of Python has a number of its own, and new ones take the last that was set. So the
    number before the first of several estimates at once is the user's.
    """
    thread_count = torch.get_num_threads()
    with _lock:
        _inside[0] += 1
        if _inside[0] == 1:
            _inside[1] = thread_count
        torch.set_num_threads(1)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        with _lock:
            _inside[0] -= 1
            torch.set_num_threads(_inside[1])
