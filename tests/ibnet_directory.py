"""A small directory of trained and measured networks, and damage to its files."""

import json
import os
import random
import shutil
from pathlib import Path

import numpy as np

from mibench import ibnet
from mibench.ibnet.data.dataset import Data

RNG = np.random.default_rng(3)
SMALL = Data("small.npz", RNG.normal(size=(40, 3)), np.arange(40) % 2, 2)
SETTING = ibnet.Setting(
    "small", layers=(3, 2, 2), runs=2, epochs=3, batch=16, data="small.npz",
    estimators=("uniform:bins=4",),
)  # fmt: skip
BITES = (
    None, True, -1, 0, 2**40, 1.5, "x", "../../x", "\x1b[31m", [], {}, [1, "a"], {"a": None}, "NaN",
)  # fmt: skip


def make(directory: Path) -> Path:
    """Train and measure; every file that mibench writes is there."""
    trained = ibnet.train(SETTING, data=SMALL, directory=directory)
    ibnet.measure(trained, "uniform:bins=4,knn:k=2")
    return directory


def files(directory: Path) -> list[str]:
    """The files of a directory, relative to it, sorted."""
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def places(value, path=()):
    """The path of every value within parsed JSON."""
    yield path
    if isinstance(value, dict | list):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(below, (*path, key))


def changed(value, path, new, *, delete=False):
    """Parsed JSON with the value at a path replaced, or deleted."""
    if not path:
        return new
    copy = value.copy()
    if len(path) == 1 and delete:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(value[path[0]], path[1:], new, delete=delete)
    return copy


def damage(directory: Path, rng: random.Random) -> str:
    """Change one file, and return what was done."""
    name = rng.choice(files(directory))
    path = directory / name
    kind = rng.choice(["json"] * 6 * path.name.endswith(".json") + [
        "delete", "empty", "cut", "bytes", "other", "folder", "pipe", "link"])  # fmt: skip
    raw = path.read_bytes()
    if kind == "json":
        try:
            value = json.loads(raw)
        except ValueError:
            return f"{name}: was damaged before"
        place = rng.choice(list(places(value)))
        delete, new = rng.random() < 0.3, rng.choice(BITES)
        path.write_text(json.dumps(changed(value, place, new, delete=delete)))
        return f"{name}: {place} " + ("deleted" if delete and place else f"= {new!r}")
    path.unlink()
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut":
        path.write_bytes(raw[: rng.randrange(len(raw) + 1)])
    elif kind == "bytes":
        start = rng.randrange(len(raw) + 1)
        path.write_bytes(raw[:start] + rng.randbytes(5) + raw[start + 5 :])
    elif kind == "other":
        path.write_bytes(rng.choice([b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"PK"]))
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/zero")
    return f"{name}: {kind}"


def copy(source: Path, target: Path) -> Path:
    """A fresh copy of a directory."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target
