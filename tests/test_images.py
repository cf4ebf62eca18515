"""Pictures of known MI: the pixels show the parameters, and nothing else."""

import numpy as np
import pytest

import mibench
from mibench.tasks import images
from mibench.tasks.suites import IMAGE_SUITES

from .images_recomputed import NAMES, READ


@pytest.mark.parametrize("size", [16, 28])
@pytest.mark.parametrize("shape", images.SHAPES)
def test_the_parameters_can_be_read_from_the_pixels(shape, size):
    """Corners of the range included. 1e-10: a blob's logs are differences of numbers near 10."""
    count, draw = images.SHAPES[shape]
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * count)).reshape(count, -1).T
    parameters = np.vstack([corners, np.random.default_rng(0).random((200, count))])
    pictures = draw(parameters, size)
    assert pictures.shape == (len(parameters), size**2)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert READ[shape](pictures, size) == pytest.approx(parameters, abs=1e-10)


def test_a_rectangle_covers_its_area_and_is_upright():
    """Left 0.2, top 0, width 0.2, height 0.55 of 20 pixels: columns 4 to 7, rows 0 to 10."""
    picture = images.rectangle(np.array([[0.5, 0.0, 0.0, 1.0]]), 20).reshape(20, 20)
    want = np.zeros((20, 20))
    want[:11, 4:8] = 1
    assert picture == pytest.approx(want, abs=1e-12)


def test_the_suite_is_no_part_of_all():
    assert sorted(IMAGE_SUITES["images"]) == sorted(NAMES)
    assert set(NAMES) <= set(mibench.list_tasks())
    assert "images" in mibench.list_suites()
    in_all = {task.name for task in mibench.tasks.catalogue.suite_tasks("all")}
    assert not in_all & set(NAMES)
    assert {"1v1-normal-0.75", "shared_labels-digits-digits-0.0"} <= in_all
