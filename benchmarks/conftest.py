"""Groups of peers timed in one process, and the speed-up that each group must reach.

    pytest benchmarks                      all groups
    MIBENCH_BENCH=short pytest benchmarks  fewer rounds, for continuous integration

A group is one piece of work done by "mibench" and by its peers. `check_ratio` compares their best
rounds, since other programs on the machine can only add time. The short form fails only below a
floor (by default three quarters of the target) well below the measured speed-up, so that it fails
for a real regression, and not for noise.
"""

import os
from collections.abc import Callable

import pytest

SHORT = os.environ.get("MIBENCH_BENCH") == "short"

_ratios: list[str] = []


@pytest.fixture
def short() -> bool:
    """Whether this is the short form."""
    return SHORT


@pytest.fixture
def slack() -> float:
    """What a limit in seconds is multiplied by.

    The limits are for one machine. The short form runs on machines of any speed, shared with other
    work, and only finds what has become several times slower.
    """
    return 4.0 if SHORT else 1.0


@pytest.fixture
def rounds() -> int:
    """How often to repeat a piece of work that takes up to a second."""
    return 3 if SHORT else 10


@pytest.fixture
def check_ratio(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`check_ratio(group, target)`: mibench must be `target` times as fast as the fastest peer.

    floor: the required ratio in the short form.
    """

    def check(group: str, target: float, floor: float | None = None) -> None:
        session = request.config._benchmarksession  # the plugin's only way to all results
        best = {b.params["who"]: b.stats.min for b in session.benchmarks if b.group == group}
        ours = best.pop("mibench")
        peer = min(best, key=lambda name: best[name])
        ratio = best[peer] / ours
        required = target if not SHORT else 0.75 * target if floor is None else floor
        _ratios.append(
            f"{group}: mibench {ours * 1e3:.3g} ms, {peer} {best[peer] * 1e3:.3g} ms: "
            f"{ratio:.3g}x (at least {required:.3g}x)"
        )
        assert ratio >= required, _ratios[-1]

    return check


@pytest.fixture
def note() -> Callable[[str], None]:
    """Add a line to the closing summary."""
    return _ratios.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _ratios:
        terminalreporter.section("measured against the targets")
        for line in _ratios:
            terminalreporter.write_line(line)
