"""The page of information planes: it shows the trajectories, and its controls work."""

import errno
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from mibench.errors import InputError
from mibench.ibnet.figures import save_page
from mibench.ibnet.figures._page_numbers import MAX_RUNS, MAX_STEPS, payload
from mibench.ibnet.figures.page import planes_page

from .browser import browser, js, needs_browser, view
from .ibnet_directory import make
from .ibnet_fakes import H_Y_BITS, make_trajectories

UNIFORM, KDE, NOISY = "uniform:bins=30", "kde", "noisy:noise_variance=0.01"
HOSTILE = "</script><script>window.hurt=1</script><img src=x onerror='window.hurt=1'>&amp;"
WIDTHS = (10, 5, 2)


def small(estimators=(UNIFORM, KDE, NOISY), *, runs=3, epochs=200, **options) -> xr.Dataset:
    options = {"widths": WIDTHS, "sparse": ()} | options
    return make_trajectories("tanh-256", estimators, runs=runs, epochs=epochs, **options)


def content_of(page: str) -> dict:
    pattern = r'<script type="application/json" id="data">(.*?)</script>'
    return json.loads(re.search(pattern, page, re.DOTALL)[1])


# -- the numbers -------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_trajectories():
    """Means are over all runs, also over those that are not in the page singly."""
    data = small(runs=MAX_RUNS + 2)
    data.i_xt[0, 1, 150:, 2] = np.nan  # a run that diverged
    shown = payload(data)
    assert [e["name"] for e in shown["estimators"]] == [NOISY, UNIFORM, KDE]  # the truth first
    assert [e["truth"] for e in shown["estimators"]] == [True, False, False]
    assert shown["runs"] == list(range(MAX_RUNS))
    assert shown["epochs"][0] == 0
    assert shown["epochs"][-1] == 200
    assert len(shown["epochs"]) <= MAX_STEPS + 1
    for estimator in shown["estimators"]:
        own = data.sel(estimator=estimator["name"], epoch=shown["epochs"])
        for name in ("x", "y"):
            values = own[{"x": "i_xt", "y": "i_ty"}[name]]
            values = values.where(own.i_xt.notnull()).transpose("run", "layer", "epoch")
            single, mean = values[:MAX_RUNS], values.mean("run")
            got = np.array(estimator[name], dtype=float) / 1000
            # Numbers are rounded to 0.001; float32 holds 12 to 1e-6.
            np.testing.assert_allclose(got[0], mean, atol=0.00051)
            np.testing.assert_allclose(got[1:], single, atol=0.00051)
    errors = np.array(shown["errors"]["test"], dtype=float)[0] / 1e4
    expected = data.test_error.sel(epoch=shown["epochs"]).mean("run")
    np.testing.assert_allclose(errors, expected, atol=0.000051)
    assert "first 40" in " ".join(shown["notes"])


def test_estimators_of_different_epochs_keep_their_own():
    """Between its own epochs an estimator has no value; the slider has what most measured."""
    data = small((UNIFORM, KDE), sparse=("kde",), epochs=3000)
    data.i_xt[1, :, 1:2000] = data.i_xt[1, :, 1:2000].where(data.epoch[1:2000] % 500 == 0)
    shown = payload(data)
    uniform, kde = shown["estimators"]
    assert uniform["steps"] is None
    measured = data.epoch[data.i_xt[1].notnull().any(("run", "layer"))].values
    assert set(np.array(shown["epochs"])[kde["steps"]]) <= set(measured.tolist())
    assert 2 <= len(kde["steps"]) < len(shown["epochs"]) <= MAX_STEPS + 4
    steps = np.array(kde["steps"])
    own = data.i_xt[1].sel(epoch=np.array(shown["epochs"])[steps]).mean("run").T
    np.testing.assert_allclose(np.array(kde["x"][0], dtype=float) / 1000, own, atol=0.00051)


def test_no_estimator_loses_all_its_epochs():
    data = small((UNIFORM, KDE, NOISY), runs=1, epochs=3000)
    for estimator, epoch in enumerate((2501, 2502), start=1):
        data.i_xt[estimator] = data.i_xt[estimator].where(data.epoch == epoch)
    shown = payload(data)
    own = {e["name"]: e["steps"] for e in shown["estimators"]}
    assert [shown["epochs"][s] for s in own[KDE]] == [2501]
    assert [shown["epochs"][s] for s in own[NOISY]] == [2502]


def test_the_slider_has_the_epochs_that_all_measured_if_they_suffice():
    data = small((UNIFORM, KDE), epochs=300)
    few = np.unique(np.geomspace(1, 300, 40).astype(int))
    data.i_xt[1] = data.i_xt[1].where(data.epoch.isin([0, *few]))
    assert payload(data)["epochs"] == [0, *few.tolist()]


def test_a_large_training_is_a_small_page():
    data = make_trajectories(
        estimators=(UNIFORM, "adaptive:bins=30", KDE, NOISY), runs=41, epochs=99, sparse=()
    )
    page = planes_page(data)
    assert len(content_of(page)["epochs"]) == 100
    assert len(page.encode()) < 2e6


def test_an_estimator_that_failed_is_named_and_left_out():
    data = small((UNIFORM, KDE))
    data.i_xt[1] = np.nan
    data.attrs["failures"] = json.dumps(["kde: too few rows (9 epoch-run pairs)"])
    shown = payload(data)
    assert [e["name"] for e in shown["estimators"]] == [UNIFORM]
    assert "Nothing is measured by kde. Failed: kde: too few rows" in " ".join(shown["notes"])


def test_unknown_errors_and_limits_make_a_page():
    data = small((UNIFORM,), runs=1)
    del data.attrs["h_x_bits"], data.attrs["h_y_bits"]
    data.train_error[:] = np.nan
    shown = payload(data)
    assert (shown["errors"], shown["h_x"], shown["h_y"]) == (None, None, None)


def test_bad_input_is_refused(tmp_path):
    data = small((UNIFORM, KDE))
    with pytest.raises(InputError, match=r"must end in one of \.html"):
        save_page(data, tmp_path / "plane.pdf")
    with pytest.raises(InputError, match="does not exist: create it"):
        save_page(data, tmp_path / "no" / "plane.html")
    with pytest.raises(InputError, match="'knn' is not measured here: uniform:bins=30, kde are"):
        save_page(data, tmp_path / "plane.html", ["knn"])
    with pytest.raises(InputError, match="leaves nothing to show"):
        save_page(data, tmp_path / "plane.html", [])
    data.i_ty[:] = np.nan
    with pytest.raises(InputError, match="nothing is measured by 'uniform:bins=30'"):
        save_page(data, tmp_path / "plane.html")
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match=r"folder.html is a directory"):
        save_page(small(), tmp_path / "folder.html")
    (tmp_path / "file").touch()
    with pytest.raises(
        InputError, match=r"file.* (does not exist|is no directory|not a directory)"
    ):
        save_page(small(), tmp_path / "file" / "plane.html")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match=r"plane.html.*No space left on device"):
        save_page(small(), tmp_path / "plane.html")
    assert {path.name for path in tmp_path.iterdir()} == {"folder.html", "file"}


def test_the_page_names_no_address_and_no_text_is_markup():
    data = small((HOSTILE, "b"))
    data.attrs |= {"training": HOSTILE, "activation": HOSTILE}
    page = planes_page(data.assign_coords(layer_name=("layer", [HOSTILE, "b", "c"])))
    page = re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL)
    assert "<script>window" not in page
    assert "<img" not in page
    text = page.replace("http://www.w3.org/2000/svg", "")  # a namespace, which is not loaded
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text)
    assert "default-src 'none'" in page


# -- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chrome")) as driver:
        yield driver


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return small()


@pytest.fixture(scope="module")
def file(data, tmp_path_factory) -> Path:
    return save_page(data, tmp_path_factory.mktemp("page") / "plane.html")


@pytest.fixture
def opened(chrome, file):
    show(chrome, file)
    yield chrome
    assert [e for e in chrome.get_log("browser") if e["level"] in ("SEVERE", "WARNING")] == []


def show(driver, file, address="", *, width=1280) -> None:
    view(driver, width)
    driver.get("about:blank")  # or another address of the same page would only change its state
    driver.get(file.as_uri() + address)


# The values at which marks stand, by estimator and layer, read by the ticks of the axes.
MARKS = """
const read = (t) => Number(t.textContent.replace("−", "-"));
const along = (ticks, axis, v) => {
  const [a, b] = [ticks[0], ticks.at(-1)], drop = axis === "y" ? 4 : 0; // of text below its tick
  const at = (t) => Number(t.getAttribute(axis)) - drop;
  return read(a) + (v - at(a)) / (at(b) - at(a)) * (read(b) - read(a));
};
const shown = [];
for (const figure of document.querySelectorAll("figure")) {
  const x = [...figure.querySelectorAll("svg.chart > text[text-anchor=middle]:not(.axis)")];
  const y = [...figure.querySelectorAll("svg.chart > text[text-anchor=end]:not(.ceiling)")];
  const marks = {};
  for (const mark of figure.querySelectorAll(arguments[0] + ":not([data-off])")) {
    const [px, py] = mark.getAttribute("transform").match(/[-\\d.]+/g).map(Number);
    const layer = mark.dataset.layer ?? Object.keys(marks).length + 1;
    marks[layer] = [along(x, "x", px), along(y, "y", py)];
  }
  shown.push([figure.dataset.estimator, marks]);
}
return shown;"""  # noqa: RUF001


def marks(driver, selector="g.mark"):
    return dict(js(driver, MARKS, selector))


def assert_marks_at(driver, data, epoch, *, run=None) -> None:
    shown = marks(driver)
    assert set(shown) == set(data.estimator.values)
    for estimator, by_layer in shown.items():
        at = data.sel(estimator=estimator, epoch=epoch)
        at = at.mean("run") if run is None else at.sel(run=run)
        for layer, (x, y) in by_layer.items():
            # A pixel is less than 0.05 bits across, and marks stand to 0.01 pixels.
            assert x == pytest.approx(at.i_xt.sel(layer=int(layer)).item(), abs=0.003)
            assert y == pytest.approx(at.i_ty.sel(layer=int(layer)).item(), abs=0.003)


def slide_to(driver, step: int) -> int:
    """Move the slider as a user does; returns the epoch that the page shows."""
    code = "const s = arguments[0]; s.value = arguments[1]; s.dispatchEvent(new Event('input'));"
    js(driver, code, driver.find_element("id", "slider"), step)
    return int(driver.find_element("id", "epoch").text)


def press(driver, selector: str) -> None:
    driver.find_element("css selector", selector).send_keys(Keys.ENTER)


def address(driver) -> dict[str, list[str]]:
    return parse_qs(urlsplit(driver.current_url).fragment)


@needs_browser
def test_the_slider_moves_the_marks_to_the_values(opened, data):
    epochs = payload(data)["epochs"]
    assert int(opened.find_element("id", "epoch").text) == epochs[-1]
    assert_marks_at(opened, data, epochs[-1])
    for step in (0, 20, 55):
        assert slide_to(opened, step) == epochs[step]
        assert_marks_at(opened, data, epochs[step])
        text = opened.find_element("id", "rates").text
        error = data.test_error.sel(epoch=epochs[step]).mean("run").item()
        assert float(re.search(r"test error ([\d.]+)", text)[1]) == pytest.approx(
            100 * error, abs=0.06
        )
    cells = [c.text for c in opened.find_elements("css selector", "#values tbody td")]
    first = data.sel(estimator=NOISY, layer=1, epoch=epochs[55]).mean("run")
    assert float(cells[0]) == pytest.approx(first.i_xt.item(), abs=0.0011)
    slider = opened.find_element("id", "slider")
    assert slider.get_attribute("aria-valuetext") == f"epoch {epochs[55]}"


@needs_browser
def test_a_single_run_and_every_run(opened, data):
    epochs = payload(data)["epochs"]
    runs = Select(opened.find_element("id", "runs"))
    runs.select_by_visible_text("run 2")
    slide_to(opened, 30)
    assert_marks_at(opened, data, epochs[30], run=2)
    runs.select_by_visible_text("every run and the mean")
    assert_marks_at(opened, data, epochs[30])
    dots = [p.get_attribute("d") for p in opened.find_elements("css selector", "path.runs")]
    assert [d.count("M") for d in dots] == [3] * 9


@needs_browser
def test_layers_estimators_and_trails_switch_off_and_on(opened):
    press(opened, "#layers [data-i='1']")
    assert set(marks(opened)[KDE]) == {"1", "3"}
    assert opened.switch_to.active_element.get_attribute("aria-pressed") == "false"
    press(opened, "#estimators [data-i='0']")
    assert set(marks(opened)) == {UNIFORM, KDE}
    assert len(opened.find_elements("css selector", "#values tbody tr")) == 2
    trails = "return document.querySelectorAll('path.trail:not([d=\"\"])').length"
    assert js(opened, trails) == 2 * 2 * 2
    press(opened, "#trails")
    assert js(opened, trails) == 0
    assert address(opened) == {"estimator": [UNIFORM, KDE], "hide": ["2"], "trails": ["off"]}
    press(opened, "#layers [data-i='1']")
    assert set(marks(opened)[KDE]) == {"1", "2", "3"}
    for i in (1, 2):
        press(opened, f"#estimators [data-i='{i}']")
    assert "Switch on an estimator" in opened.find_element("id", "planes").text


@needs_browser
def test_outlines_show_another_estimator(opened, data):
    Select(opened.find_element("id", "compare")).select_by_visible_text(NOISY)
    assert f"Outlines: {NOISY}" in opened.find_element("id", "outlines").text
    outlines = marks(opened, "g.outline")
    assert outlines[NOISY] == {}
    at = data.sel(estimator=NOISY, epoch=200).mean("run")
    for layer, (x, y) in outlines[KDE].items():
        assert x == pytest.approx(at.i_xt.sel(layer=int(layer)).item(), abs=0.003)
        assert y == pytest.approx(at.i_ty.sel(layer=int(layer)).item(), abs=0.003)


@needs_browser
def test_the_limit_is_at_h_y(opened):
    text = opened.find_element("css selector", "figure svg.chart").text
    assert f"H(Y) = {H_Y_BITS:.3g}" in text
    line = opened.find_element("css selector", "path.limit").get_attribute("d")
    start, corner = re.findall(r"([\d.]+),([\d.]+)", line)
    code = """const y = [...document.querySelectorAll("figure svg.chart > text[text-anchor=end]")];
    const one = y.find((t) => t.textContent === "1"), zero = y.find((t) => t.textContent === "0");
    return [zero, one].map((t) => Number(t.getAttribute("y")) - 4);"""
    zero, one = js(opened, code)
    assert float(start[1]) == pytest.approx(zero, abs=0.01)
    assert float(corner[1]) == pytest.approx(zero + H_Y_BITS * (one - zero), abs=0.2)


@needs_browser
def test_keys_step_and_play_and_the_film_goes_on(opened, data):
    epochs = payload(data)["epochs"]
    shown = opened.find_element("id", "epoch")
    body = opened.find_element("tag name", "body")
    body.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert int(shown.text) == epochs[-3]
    body.send_keys(Keys.ARROW_RIGHT)
    assert int(shown.text) == epochs[-2]
    slide_to(opened, 5)
    body.send_keys(Keys.SPACE)
    button = opened.find_element("id", "play")
    assert button.get_attribute("aria-label") == "Pause"
    WebDriverWait(opened, 20).until(lambda _: int(shown.text) > epochs[7])
    body.send_keys(Keys.SPACE)
    paused = int(shown.text)
    assert button.get_attribute("aria-label") == "Play"
    assert_marks_at(opened, data, paused)
    assert address(opened) == {"epoch": [str(paused)]}


@needs_browser
def test_the_film_starts_by_itself_unless_motion_is_unwanted(opened, file):
    """The fixture's browser wants none: nothing plays there."""
    assert opened.find_element("id", "play").get_attribute("aria-label") == "Play"
    wanted = [{"name": "prefers-reduced-motion", "value": "no-preference"}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
    opened.refresh()
    button = opened.find_element("id", "play")
    assert button.get_attribute("aria-label") == "Pause"
    button.click()
    assert button.get_attribute("aria-label") == "Play"
    opened.get("about:blank")
    opened.get(file.as_uri() + "#epoch=10")
    assert opened.find_element("id", "play").get_attribute("aria-label") == "Play"


@needs_browser
def test_the_address_restores_what_was_seen(chrome, data, file):
    epochs = payload(data)["epochs"]
    kde, noisy = quote(KDE), quote(NOISY)
    wanted = f"epoch={epochs[40]}&estimator={kde}&hide=1&runs=1&compare={noisy}&trails=off"
    show(chrome, file, f"#{wanted}")
    assert int(chrome.find_element("id", "epoch").text) == epochs[40]
    shown = marks(chrome)
    assert list(shown) == [KDE]
    assert set(shown[KDE]) == {"2", "3"}
    at = data.sel(estimator=KDE, epoch=epochs[40], run=1, layer=2)
    assert shown[KDE]["2"][0] == pytest.approx(at.i_xt.item(), abs=0.003)
    assert address(chrome) == parse_qs(wanted)
    show(chrome, file, "#epoch=x&estimator=nobody&hide=77&runs=99&compare=no")  # of another page
    assert address(chrome) == {}
    assert set(marks(chrome)) == {UNIFORM, KDE, NOISY}
    assert chrome.get_log("browser") == []


@needs_browser
@pytest.mark.parametrize("width", [320, 360, 1440])
def test_nothing_is_cut_off_on_a_phone_or_a_desktop(chrome, data, tmp_path, width):
    """With long names too."""
    long = data.assign_coords(
        estimator=[UNIFORM, "kde:" + "noise_variance=0.001," * 5, NOISY],
        layer_name=("layer", ["encoder.blocks.11.attention.projection", "b" * 60, "c"]),
    )
    show(chrome, save_page(long, tmp_path / "page.html"), width=width)
    assert js(chrome, "return document.documentElement.scrollWidth") <= width
    cut = """return [...document.querySelectorAll("svg text:not([data-off]), .chip, select, #now")]
    .map((t) => [t.textContent, t.getBoundingClientRect()])
    .filter(([, b]) => b.left < 0 || b.right > innerWidth).map(([text]) => text);"""
    assert js(chrome, cut) == []
    player = js(chrome, "return document.getElementById('player').getBoundingClientRect().bottom")
    assert player <= 900  # in sight without scrolling


@needs_browser
def test_light_and_dark_follow_the_system_and_the_button(opened):
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = js(opened, paper)
    view(opened, 1280, scheme="dark")
    assert sum(map(int, re.findall(r"\d+", js(opened, paper))[:3])) < 120
    opened.find_element("id", "theme").click()
    assert js(opened, paper) == light


@needs_browser
def test_one_epoch_of_one_run_without_limits_and_errors(chrome, tmp_path):
    data = small((UNIFORM,), runs=1, epochs=0)
    del data.attrs["h_x_bits"], data.attrs["h_y_bits"]
    data.train_error[:] = np.nan
    show(chrome, save_page(data, tmp_path / "page.html"), width=360)
    assert_marks_at(chrome, data, 0)
    assert not chrome.find_element("id", "runs").is_displayed()
    assert chrome.find_element("id", "rates").text == ""
    press(chrome, "#play")
    press(chrome, "#layers [data-i='0']")
    assert set(marks(chrome)[UNIFORM]) == {"2", "3"}
    assert chrome.get_log("browser") == []


@needs_browser
def test_every_control_has_a_name_and_nothing_is_loaded(opened):
    bare = (
        "return [...document.querySelectorAll('input, select, button')].filter(f => "
        "!f.labels?.length && !f.ariaLabel && !f.textContent).map(f => f.outerHTML)"
    )
    assert js(opened, bare) == []
    assert js(opened, "return performance.getEntriesByType('resource').map(e => e.name)") == []
    label = opened.find_element("css selector", "svg.chart").get_attribute("aria-label")
    assert "at epoch 200" in label


@needs_browser
def test_a_plane_can_be_saved_as_a_picture(opened):
    """It holds what is seen, and nothing that is hidden."""
    code = """const a = document.querySelectorAll("a.save")[1];
    a.addEventListener("click", (event) => event.preventDefault());
    a.click();
    return [a.download, a.href];"""
    name, link = js(opened, code)
    assert name == "mibench-plane-uniform-bins=30-epoch-200.svg"
    text = unquote(link.partition(",")[2])
    root = ElementTree.fromstring(text)
    texts = [node.text for node in root.findall(".//{*}text")]
    assert {"T₁", "T₂", "T₃", f"{UNIFORM}, epoch 200, mean over 3"} <= set(texts)
    tags = ("rect", "polygon", "circle")
    shapes = [node for tag in tags for node in root.findall(f".//{{*}}{tag}")]
    assert len(shapes) == 1 + 1 + 3  # the paper, the shaded area, and a mark for each layer
    assert "var(" not in text


@needs_browser
def test_hostile_names_are_only_text(chrome, data, tmp_path):
    hostile = data.assign_coords(
        estimator=[HOSTILE, "__proto__", "=1+1"], layer_name=("layer", [HOSTILE, "x", "toString"])
    )
    hostile.attrs |= {"training": HOSTILE, "failures": json.dumps([HOSTILE])}
    show(chrome, save_page(hostile, tmp_path / "page.html"))
    for chosen in ("runs", "compare"):
        Select(chrome.find_element("id", chosen)).select_by_index(1)
    assert set(marks(chrome)) == {HOSTILE, "__proto__", "=1+1"}
    assert HOSTILE in chrome.find_element("tag name", "h1").text
    assert js(chrome, "return window.hurt ?? null") is None
    assert js(chrome, "return document.querySelectorAll('img, main script').length") == 0
    assert [e for e in chrome.get_log("browser") if e["level"] == "SEVERE"] == []


# -- the command -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_writes_what_is_measured(mibench, tmp_path):
    make(tmp_path / "d")
    done = mibench("ibnet", "page", "d")
    assert done.returncode == 0, done.stderr
    assert "wrote the information planes to d/plane.html" in done.stderr
    shown = content_of((tmp_path / "d" / "plane.html").read_text(encoding="utf-8"))
    assert len(shown["estimators"]) == 2
    done = mibench("ibnet", "page", "d", "-o", "p.html", "-e", "uniform:bins=4")
    assert done.returncode == 0, done.stderr
    shown = content_of((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert [e["name"] for e in shown["estimators"]] == ["uniform:bins=4"]
    for args, message in (
        (["-o", "nowhere.html"], "nowhere holds no trained networks"),
        (["-e", "kde"], "holds no measurement by kde: make it with `mibench ibnet measure d"),
        (["-o", "p.pdf"], "--output p.pdf must end in one of .html"),
        (["-o", "no/p.html"], "the directory no does not exist"),
    ):
        done = mibench("ibnet", "page", "nowhere" if "nowhere" in message else "d", *args)
        assert done.returncode == 2
        assert message in done.stderr
