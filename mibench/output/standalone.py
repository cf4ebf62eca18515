"""Puts a page together: an HTML file with its style, script and data, which needs no network."""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SHARED = files(__package__) / "assets"  # theme.css and shared.js are for all pages
STYLES = ("theme.css",)
SCRIPTS = ("shared.js",)


def standalone_page(
    folder: "Traversable",
    template: str,
    styles: Sequence[str],
    scripts: Sequence[str],
    content: object,
    **texts: str,
) -> str:
    """A page whose browser runs its own script and loads nothing.

    folder: of the template and of the styles and scripts, which follow the shared ones.
    content: what the scripts find as JSON in the element "data". texts: fill $name in the template;
    they must be HTML.
    """
    style = "".join(
        [(SHARED / name).read_text("utf-8") for name in STYLES]
        + [(folder / name).read_text("utf-8") for name in styles]
    )
    parts = [(SHARED / name).read_text("utf-8") for name in SCRIPTS]
    parts += [(folder / name).read_text("utf-8") for name in scripts]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    return Template((folder / template).read_text("utf-8")).substitute(
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=style,
        script=script,
        data=_without_markup(json.dumps(content, separators=(",", ":"), allow_nan=False)),
        **texts,
    )


def _without_markup(text: str) -> str:
    """JSON with the characters escaped that could end the HTML element around it."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
