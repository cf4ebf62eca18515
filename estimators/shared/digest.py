"""Short digests of files, which tell whether a file has changed between two runs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path


def digest(content: bytes) -> str:
    """Twelve hexadecimal digits of SHA-256: 48 bits, enough to distinguish versions of a file."""
    return hashlib.sha256(content).hexdigest()[:12]


def digest_of_files(paths: Sequence[str]) -> str:
    """One digest of the content of all files in order. Raises OSError if one cannot be read."""
    digests = [digest(Path(path).read_bytes()) for path in paths]
    return digests[0] if len(digests) == 1 else digest(" ".join(digests).encode())
