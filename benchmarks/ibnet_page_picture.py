"""Draws docs/ibnet-page.png, the page of planes: `python benchmarks/ibnet_page_picture.py`.

Trains and measures four networks, which takes some minutes. With a directory as argument they stay
there, and what is there already is used. Needs chromium and chromedriver.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

CHECKOUT = Path(__file__).parents[1]
sys.path.insert(0, str(CHECKOUT))

from tests.browser import browser, view  # noqa: E402 - found by the path above

PICTURE = CHECKOUT / "docs" / "ibnet-page.png"
WIDTH, HEIGHT = 1280, 672  # of the upper part of the page, in pixels
TRAIN = ("train", "2.1", "--runs", "4", "--epochs", "1000", "--keep", "log:100", "-o")
ESTIMATORS = "noisy,uniform:bins=30,adaptive:bins=30,kde"
SEEN = "#epoch=300&compare=noisy"


def ibnet(*args: str) -> None:
    """Run `mibench ibnet` with these arguments."""
    subprocess.run([sys.executable, "-m", "mibench", "ibnet", *args], check=True)


def main(directory: str) -> None:
    """Write the page, open it, and photograph its upper part."""
    ibnet(*TRAIN, directory)
    ibnet("measure", directory, "-e", ESTIMATORS, "--measure-epochs", "log:30")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "plane.html"
        ibnet("page", directory, "-e", ESTIMATORS, "-o", str(page))
        with browser(Path(folder)) as driver:
            view(driver, WIDTH, HEIGHT)
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            driver.get(page.as_uri() + SEEN)
            driver.save_screenshot(str(PICTURE))
    with Image.open(PICTURE) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(f"{temporary}/d")
