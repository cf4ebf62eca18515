"""Compiles kernels with numba, and keeps the machine code on disk for the next process.

This replaces numba's own cache, which

- looks only at the file that defines a kernel, and so loads outdated code after a change in another
  file whose kernels it calls, for example after an upgrade of the package;
- mixes up the code of two signatures that two processes compile at the same time;
- does not read a cache folder next to the sources unless it can write there, so that users cannot
  share code that an administrator compiled for all;
- fails if it cannot write.

Here each file holds one kernel for one signature, and its name identifies everything that the code
depends on. A file that cannot be read is compiled again, and code that cannot be written is used
without being kept. Loading code runs it, so files and folders that other users can write are not
read. Of several processes that need the same kernel, one compiles it, and the others wait and load
it. If they have no folder in common that they can write to, each compiles it.
"""

import hashlib
import inspect
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from ..atomic import atomic_replacement
from .turns import Turns

P = ParamSpec("P")
R = TypeVar("R")

ENDING = ".nbc"

# These lack type hints in numba.
config: Any = numba.config
serialized: Any = dumps
result_of: Any = CompileResult
directories: Any = AppDirs


@dataclass(frozen=True)
class CacheLocations:
    """Where the code of the kernels of one folder is kept.

    Attributes:
        stamp: A digest of everything that the code depends on except signature and processor.
        readable: The folders to look in, in this order.
        writable: The folder to write to, which is the last of `readable`; None if there is none.
    """

    stamp: str
    readable: tuple[Path, ...]
    writable: Path | None

    def files(self) -> list[Path]:
        """All files with code for these sources."""
        by_name = {file.name: file for folder in self.readable for file in self._in(folder)}
        return list(by_name.values())

    def _in(self, folder: Path) -> Iterator[Path]:
        with suppress(OSError):
            yield from folder.glob(f"[!.]*-{self.stamp}-*{ENDING}")


@dataclass(frozen=True)
class CompiledKernel:
    """A kernel that this process loaded or compiled. unkept: why its code was not kept, if so."""

    kernel: str
    loaded: bool
    unkept: str = ""


compiled_kernels: list[CompiledKernel] = []
sources: set[Path] = set()  # the folders of kernels that this process has imported


def compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    """Compile `function` in numba's nopython mode when it is first called, and keep the code.

    options: those of `numba.njit`. The code stays valid until a file in the folder of `function`
    changes, so a kernel may only call kernels and use constants of its own folder. The code of a
    closure (a function that uses variables of an enclosing function) is not kept.
    """
    dispatcher: Any = numba.njit(**options)(function)
    file = Path(inspect.getfile(function))
    if not config.DISABLE_JIT and file.is_file():
        cache_locations(file.parent)  # now, since the sources may change before the first call
        sources.add(file.parent)
        kernels = KernelCache(function, file)
        dispatcher._cache = kernels
        dispatcher._compiler.compile = kernels.ending_turns(dispatcher._compiler.compile)
    return cast("Callable[P, R]", dispatcher)


class KernelCache:
    """The cache of a dispatcher of numba, with the methods of `numba.core.caching.Cache`.

    Like numba's own cache it uses `CompileResult._reduce` and `_rebuild`. If a version of numba
    lacks them, every process compiles all kernels and nothing is kept.
    """

    def __init__(self, function: Callable[..., object], file: Path) -> None:
        self.kernel = f"{file.stem}.{function.__qualname__}"
        self.folder = file.parent
        self.line = function.__code__.co_firstlineno
        self.is_closure = function.__closure__ is not None
        self._turns = Turns()

    @property
    def cache_path(self) -> str | None:
        """The folder that code is written to."""
        folder = cache_locations(self.folder).writable
        return None if folder is None else str(folder)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The kernel for a signature, or None."""
        target.refresh()
        if self.is_closure:
            return None
        name = self._name(signature, target.codegen())
        kernel = self._kept(name, target)
        if kernel is None and (lock := self._lock(name)) is not None:
            file = lock.with_name(name)
            if file.exists():  # it cannot be used
                return None
            self._turns.take(lock, file.exists)
            kernel = self._kept(name, target)
            if kernel is not None:
                self._turns.end(lock)
        return kernel

    def _kept(self, name: str, target: Any) -> Any:
        """The kernel that a file of this name holds, or None."""
        for folder in cache_locations(self.folder).readable:
            # Usually fails because there is no such file; else it is damaged or not readable.
            with suppress(Exception):
                if not _is_trusted(folder / name, self.folder):
                    continue
                kernel = result_of._rebuild(target, *pickle.loads((folder / name).read_bytes()))
                compiled_kernels.append(CompiledKernel(self.kernel, loaded=True))
                return kernel
        return None

    def _lock(self, name: str) -> Path | None:
        """The file that the process locks which compiles the code for a file of this name."""
        folder = cache_locations(self.folder).writable
        return None if folder is None else folder / f".{name}.lock"

    def ending_turns(self, compile_kernel: Callable[P, R]) -> Callable[P, R]:
        """The function of numba that compiles, which then also frees the locks if it fails."""

        def compile_or_free(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return compile_kernel(*args, **kwargs)
            except BaseException:
                self._turns.end_all()
                raise

        return compile_or_free

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep the code that was compiled for a signature, if possible."""
        unkept = ""
        locations = cache_locations(self.folder)
        if result.library.has_dynamic_globals or result.lifted or self.is_closure:
            unkept = "it depends on values that another process may not have"
        elif locations.writable is None:
            tried = " and ".join(map(str, locations.readable))
            unkept = (
                f"cannot write to {tried}; set NUMBA_CACHE_DIR to a folder that you can write to"
            )
        else:
            try:
                file = locations.writable / self._name(signature, result.codegen)
                with atomic_replacement(file) as part:
                    part.write_bytes(serialized(result._reduce()))
                    part.chmod(part.stat().st_mode & ~0o022)
                self._remove_outdated(locations.writable)
            except Exception as error:
                unkept = str(error)
        self._turns.end_all()
        compiled_kernels.append(CompiledKernel(self.kernel, loaded=False, unkept=unkept))

    def _name(self, signature: Any, codegen: Any) -> str:
        """The name of the file. codegen identifies the processor and its features."""
        key = _digest(repr((self.line, signature, codegen.magic_tuple())).encode())
        return f"{self._name_start()}{cache_locations(self.folder).stamp}-{key}{ENDING}"

    def _name_start(self) -> str:
        """How the names of all files of this kernel start, for this version of Python."""
        kernel = "".join(c for c in self.kernel if c not in "<>")
        return f"{kernel}.{sys.implementation.cache_tag}-"

    def _remove_outdated(self, folder: Path) -> None:
        """Remove the code that was compiled from earlier sources."""
        for old in folder.glob(f"{self._name_start()}*{ENDING}"):
            if not old.name.startswith(self._name_start() + cache_locations(self.folder).stamp):
                old.unlink(missing_ok=True)

    def flush(self) -> None:
        """Do nothing: each file is written at once."""

    enable = disable = flush


def can_keep() -> bool:
    """Whether code is kept for all kernels that this process has imported."""
    return all(cache_locations(folder).writable is not None for folder in sources)


def anything_kept() -> bool:
    """Whether code is kept for any kernel that this process has imported."""
    return any(cache_locations(folder).files() for folder in sources)


def note(what: str) -> None:
    """Note that code is kept for something, such as an estimator and a kind of data."""
    with suppress(OSError):
        file = _notes()
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as notes:
                notes.write(f"{_processor()} {what}\n")


def noted() -> set[str]:
    """What `note` has noted on this kind of processor, for the present sources."""
    with suppress(OSError, UnicodeDecodeError):
        if (file := _notes()) is not None:
            start = f"{_processor()} "
            lines = file.read_text(encoding="utf-8").splitlines()
            return {line.removeprefix(start) for line in lines if line.startswith(start)}
    return set()


def _notes() -> Path | None:
    """The file with the notes about all kernels that this process has imported."""
    locations = [cache_locations(folder) for folder in sorted(sources)]
    if not locations or locations[0].writable is None:
        return None
    digest = _digest(" ".join(location.stamp for location in locations).encode())
    return locations[0].writable / f"kept-{digest}.txt"


@cache
def _processor() -> str:
    from llvmlite.binding import get_host_cpu_name

    return str(config.CPU_NAME or get_host_cpu_name())


@cache
def cache_locations(folder: Path) -> CacheLocations:
    """Where the code of the kernels in a folder is kept."""
    source_folder = folder.resolve()
    files = [*sorted(source_folder.glob("*.py")), Path(__file__)]
    contents = [(file.name, file.read_bytes()) for file in files]
    readable: list[Path] = []
    for candidate in _candidates(source_folder):
        if candidate.exists() and not _is_trusted(candidate, source_folder):
            continue
        readable.append(candidate)
        if _can_write(candidate):
            return CacheLocations(_stamp(contents), tuple(readable), candidate)
    return CacheLocations(_stamp(contents), tuple(readable), None)


def _candidates(folder: Path) -> Iterator[Path]:
    """NUMBA_CACHE_DIR, a folder next to the sources, and the user's own folder for caches."""
    subfolder = f"{folder.name}_{_digest(str(folder).encode())}"
    # Not numba's config, which a file .numba_config.yaml in the working directory may have changed.
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen).absolute() / subfolder
    yield folder / "__pycache__"
    user_cache = Path(directories("mibench", appauthor=False).user_cache_dir)
    if user_cache.is_absolute():  # without a home directory it is "~/.cache"
        yield user_cache / subfolder


def _is_trusted(path: Path, source_folder: Path) -> bool:
    """Whether only this user, the administrator or who installed the package can write there.

    Machine code of anybody else is not run, whatever NUMBA_CACHE_DIR says.
    """
    if os.name != "posix":
        return True
    about = path.stat()
    owners = {os.geteuid(), 0, source_folder.stat().st_uid}
    return about.st_uid in owners and not about.st_mode & stat.S_IWOTH


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _stamp(contents: list[tuple[str, bytes]]) -> str:
    versions = (numba.__version__, sys.implementation.cache_tag, os.name)
    return _digest(repr((versions, contents)).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
