"""A store of the estimates of pairs of columns, to which each block or batch of pairs is appended.

The first line is a header. Each further line is a JSON array: a checksum of what follows it, the
run, and a piece of work that is done. A run is what numbers depend on: the data, the estimator with
its parameters and code, and the permutations. A damaged line is skipped, and a warning names it;
its pairs are estimated again. `appended` says what happens to a line that a killed process cuts
short.
"""

import json
import logging
import math
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import uuid4

import numpy as np
import orjson

from ..contract.blocks import PairBlock
from ..errors import InputError
from .appended import AppendedLines, StoreLostError

FORMAT = 1
HEADER = json.dumps({"mibench pairs": FORMAT}).encode()
MOST = 2**40  # columns and rows
NAMED = 5  # damaged lines in a warning
ABOUT, BLOCK, PAIRS = "run", "block", "pairs"  # kinds of lines
START = len(b'["00000000",')  # characters of a line before what the checksum is of

_log = logging.getLogger(__name__)


class PairRow(NamedTuple):
    """The estimate of a pair of columns i < j, or the message of its error.

    nats is NaN with an error, and p_value without a test.
    """

    i: int
    j: int
    nats: float
    p_value: float
    rows: int
    flags: str
    error: str


@dataclass(eq=False)
class KeptRun:
    """What a store holds of one run.

    Attributes:
        blocks: (first, last) of each block -> where its line begins.
        pairs: (i, j) -> its estimate. Failures are left out: they are run again.
        failed: (i, j) -> the message of its last failure, which need not be kept twice.
    """

    name: str
    known: bool = False
    blocks: dict[tuple[int, int], int] = field(default_factory=dict)
    pairs: dict[tuple[int, int], PairRow] = field(default_factory=dict)
    failed: dict[tuple[int, int], str] = field(default_factory=dict)


class PairStore(AppendedLines):
    """A file of pairs.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = PairStore(pathlib.Path(folder) / "pairs.jsonl")
    ...     len(store.read(store.name_of({"estimator": "knn"})).pairs)
    0
    """

    header = HEADER

    @staticmethod
    def why_other(first: bytes) -> str:
        """Why a file with another first line is no store, in words that follow its path."""
        if first.startswith(b'{"mibench store"'):
            return "is a store of `mibench compare`, which holds no pairs"
        if first.startswith(b'{"mibench pairs"'):
            return f"has another format than {FORMAT}, which this version of mibench writes"
        return "is not a store of `mibench pairwise`"

    @staticmethod
    def name_of(about: Mapping[str, Any]) -> str:
        """The name of a run, a digest of what its numbers depend on."""
        text = json.dumps(about, sort_keys=True).encode()
        return blake2b(text, digest_size=8).hexdigest()

    @staticmethod
    def new_name() -> str:
        """A name that no run has, for results that must not be used again."""
        return uuid4().hex[:16]

    def read(self, name: str) -> KeptRun:
        """What the file holds of a run. A warning names damaged lines."""
        run, damaged, place = KeptRun(name), [], 0
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    content = _content(line)
                    if content is None:
                        damaged += [number] if line.replace(HEADER, b"").strip() else []
                    elif content.startswith(f'"{name}"'.encode()) and not _add(run, content, place):
                        damaged.append(number)
                    place += len(line)
        except OSError as error:
            raise self._unusable(error) from error
        if damaged:
            named = ", ".join(map(str, damaged[:NAMED]))
            more = f" and {len(damaged) - NAMED:,} more" if len(damaged) > NAMED else ""
            _log.warning(
                "the store %s: %d damaged line(s) skipped (%s%s); their pairs are estimated again",
                self.path, len(damaged), named, more,
            )  # fmt: skip
        return run

    def block(self, run: KeptRun, first: int, last: int) -> PairBlock | None:
        """A block of a run, if the file holds it."""
        place = run.blocks.get((first, last))
        if place is None:
            return None
        with suppress(OSError, ValueError, TypeError, LookupError, AttributeError):
            with self.path.open("rb") as file:
                file.seek(place)
                content = _content(file.readline())
            if content is not None:
                return _block_of(*orjson.loads(b"[" + content)[2:])
        return None

    @contextmanager
    def adding(self, name: str) -> Iterator["Adding"]:
        """What appends to a run, to be used within the `with` block.

        If the file is removed, emptied or replaced meanwhile, what it held is written to a new one,
        and InputError says so.
        """
        with self.pinned() as file:
            try:
                yield Adding(self, name)
                self.check()
            except StoreLostError as lost:
                held = b""
                with suppress(OSError), open(file, "rb", closefd=False) as reader:
                    reader.seek(0)
                    held = reader.read()
                again = self._written_again(held + lost.line)
                raise InputError(f"{lost}. {again}") from lost

    def _written_again(self, content: bytes) -> str:
        """Write what a lost file held to a new one; what was done, as a text."""
        lines = content.replace(HEADER, b"")
        try:
            place = _with_lines(self.path, lines)
        except InputError:
            other = self.path.with_name(f"{self.path.name[:200]}.{uuid4().hex[:8]}")
            try:
                place = _with_lines(other, lines)
            except InputError as error:
                return f"What it held is lost, since {error}"
            return f"Something else is in its place, so {place} holds its pairs: name that file"
        return f"{place} holds its pairs again: give the same command to compute the rest"


def _with_lines(path: Path, lines: bytes) -> Path:
    """The path of a store to which these lines were added."""
    with PairStore(path).adding_lines() as add:
        add(lines)
    return path


class Adding:
    """Appends what is done to a run of a store."""

    def __init__(self, store: PairStore, name: str) -> None:
        self._store, self._name = store, name

    def about(self, about: Mapping[str, Any]) -> None:
        """Append what the run is, for whoever reads the file."""
        self._line(ABOUT, dict(about))

    def block(self, block: PairBlock) -> None:
        """Append a block."""
        parts = {
            "rows": block.rows, "width": block.nats.shape[1], "texts": block.texts,
            "nats": _text(block.nats.astype("<f8", copy=False)),
            "flags": _text(block.flags.astype(np.uint8, copy=False)),
            "alone": _text(np.packbits(block.alone)),
        }  # fmt: skip
        self._line(BLOCK, block.first, block.last, parts)

    def pairs(self, rows: Iterable[PairRow]) -> None:
        """Append pairs."""
        self._line(PAIRS, [list(row) for row in rows])

    def _line(self, kind: str, *content: Any) -> None:
        body = orjson.dumps([self._name, kind, *content])[1:]
        line = b'\n["%08x",%b' % (zlib.crc32(body), body)
        try:  # opens the file each time, since an estimator may close what it did not open
            self._store.append_line(line)
        except StoreLostError as lost:
            lost.line = line
            raise
        self._store.expect_bytes(len(line))


def _content(line: bytes) -> bytes | None:
    """What a line holds after its checksum; None if it is damaged, or no line of a store."""
    # A header may be on a line, if two processes created the file.
    line = line.replace(HEADER, b"").rstrip(b"\n")
    body = line[START:]
    return body if line[:START] == b'["%08x",' % zlib.crc32(body) else None


def _add(run: KeptRun, content: bytes, place: int) -> bool:
    """Note a line of this run. False if it is not as this module writes it."""
    run.known = True
    try:
        if content.startswith(f'"{run.name}","{BLOCK}"'.encode()):
            _, _, first, last, _ = content.split(b",", 4)
            run.blocks[int(first), int(last)] = place
        elif content.startswith(f'"{run.name}","{PAIRS}"'.encode()):
            rows = [_row_of(*values) for values in orjson.loads(b"[" + content)[2]]
            run.pairs.update(((row.i, row.j), row) for row in rows if not row.error)
            run.failed.update(((row.i, row.j), row.error) for row in rows if row.error)
    except (ValueError, TypeError, IndexError):
        return False
    return True


def _row_of(
    i: int, j: int, nats: float | None, p_value: float | None, rows: int, flags: str, error: str
) -> PairRow:
    """A row as it stands in a line. Raises ValueError or TypeError for what is none."""
    whole = all(type(value) is int for value in (i, j, rows))
    if not (whole and 0 <= i < j < MOST and 0 <= rows < MOST and type(flags) is type(error) is str):
        raise ValueError(f"{i!r}, {j!r}, {rows!r}, {flags!r} and {error!r} are no pair")
    if error:
        return PairRow(i, j, math.nan, math.nan, rows, flags, error)
    if type(nats) not in (float, int) or type(p_value) not in (float, int, type(None)):
        raise ValueError(f"{nats!r} and {p_value!r} are no estimate")
    p = math.nan if p_value is None else float(p_value)
    return PairRow(i, j, float(cast(float, nats)), p, rows, flags, error)


def _block_of(first: int, last: int, parts: Mapping[str, Any]) -> PairBlock:
    shape = last - first, parts["width"]
    nats, flags = (
        np.frombuffer(b64decode(parts[name]), kind).reshape(shape)
        for name, kind in (("nats", "<f8"), ("flags", np.uint8))
    )
    bits = np.frombuffer(b64decode(parts["alone"]), np.uint8)
    alone = np.unpackbits(bits)[: nats.size].astype(np.bool_).reshape(shape)
    texts = [str(text) for text in parts["texts"]]
    block = PairBlock(first, last, parts["rows"], nats, flags, texts, alone)
    fits = flags.max(initial=0) < len(texts) and not (alone & ~block.later).any()
    if not fits or not np.isfinite(nats[block.later & ~alone]).all():
        raise ValueError("this is no block")
    return block


def _text(array: np.ndarray[Any, Any]) -> str:
    return b64encode(array.tobytes()).decode("ascii")
