"""A headless Chromium for tests of pages, with what a user would see: clicks, keys, the console."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

# Without a browser the rest of the tests can still run; where all must run, it must be there.
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER) and os.environ.get("CI") != "true",
    reason="no chromium and chromedriver (Debian: apt-get install chromium chromium-driver)",
)


@contextmanager
def browser(folder: Path) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own in `folder`."""
    assert CHROMIUM, "no chromium"
    assert DRIVER, "no chromedriver"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def view(driver: webdriver.Chrome, width: int, height: int = 900, scheme: str = "light") -> None:
    """A window of that size, on a system that is light or dark, where nothing moves by itself."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def js(driver: webdriver.Chrome, code: str, *args: object) -> Any:
    return driver.execute_script(code, *args)
