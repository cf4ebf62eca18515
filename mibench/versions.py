"""Versions: of installed packages, and of the code that an estimator's numbers depend on."""

import ast
import hashlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from importlib.util import find_spec, resolve_name
from pathlib import Path

ARRAYS = re.compile(rb'"([\w.-]+\.npz)"')  # the name of such a file in a source


@cache
def package_version(name: str) -> str:
    """The version of an installed package. Raises PackageNotFoundError if it is not installed.

    Cached, since each look-up reads the package's metadata from disk.
    """
    return metadata.version(name)


@cache
def code_digest(module: str) -> str:
    """A digest of a module's source and of all modules of its package that it imports.

    Imports are followed at any depth, those inside functions too. Arrays (.npz) that lie beside a
    module and are named in its source count as part of it. The digest changes when any of these
    files changes, and only then: not with the rest of the package, and not with other packages. It
    has twelve hexadecimal digits, 48 bits.
    """
    pending, sources = [module], dict[str, bytes]()
    while pending:
        name = pending.pop()
        if name not in sources and (path := _source_file(name)) is not None:
            sources[name], imported = _read(name, path)
            pending += imported
            for file in ARRAYS.findall(sources[name]):
                beside = path.with_name(file.decode())
                if beside.is_file():
                    sources[f"{name} {beside.name}"] = beside.read_bytes()
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name} {len(sources[name])}\n".encode() + sources[name])
    return digest.hexdigest()[:12]


@cache
def _read(name: str, path: Path) -> tuple[bytes, list[str]]:
    """A module's source, and the names in its own package that it imports: modules and symbols."""
    # Line ends differ between checkouts of the same code on Windows and elsewhere.
    source = path.read_bytes().replace(b"\r\n", b"\n")
    parent = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imported: list[str] = []
    for node in _statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            dotted = "." * node.level + (node.module or "")
            base = resolve_name(dotted, parent) if node.level else dotted
            imported += [base] if node.module else []
            imported += [f"{base}.{alias.name}" for alias in node.names]
    package = name.partition(".")[0]
    return source, [other for other in imported if other.partition(".")[0] == package]


def _statements(block: ast.AST) -> Iterator[ast.AST]:
    """All statements of a block, at any depth. To walk through expressions would take most time."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(block, field, ()):
            yield statement
            yield from _statements(statement)


@cache
def _source_file(name: str) -> Path | None:
    """The Python source of a module; None for a symbol, and for a module without a source."""
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
    else:
        parent = sys.modules.get(name.rpartition(".")[0])
        if parent is not None and not hasattr(parent, "__path__"):
            return None  # a symbol of a module that is no package
        try:
            spec = find_spec(name)
        except (ImportError, AttributeError, ValueError):
            return None
        file = None if spec is None else spec.origin
    return Path(file) if file is not None and file.endswith(".py") else None
