"""Draws docs/report.png, the page of the reference results: `python benchmarks/report_picture.py`.

Needs chromium and chromedriver.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
sys.path.insert(0, str(CHECKOUT))

from tests.browser import browser, view  # noqa: E402 - found by the path above

PICTURE = CHECKOUT / "docs" / "report.png"
WIDTH, HEIGHT = 1280, 1520  # of the upper part of the page, in pixels


def main() -> None:
    """Write the page, open it, and photograph its upper part."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        command = [sys.executable, "-m", "mibench", "report", "reference", "-o", str(page)]
        subprocess.run(command, check=True)
        with browser(Path(folder)) as driver:
            view(driver, WIDTH, HEIGHT)
            driver.get(page.as_uri())
            driver.save_screenshot(str(PICTURE))


if __name__ == "__main__":
    main()
