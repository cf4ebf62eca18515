"""The flags of estimators that train networks."""

from .flag_text import Flag, both_units


def not_converged(
    steps: int, *, difference: bool, seconds: float | None = None, diverged: bool = False
) -> Flag:
    """Training ended before networks were as good as they get.

    Args:
        steps: after which it ended.
        difference: whether the estimate is a difference, of networks with X and without.
        seconds: the time limit, if that ended it.
        diverged: whether values that are not finite ended it.
    """
    if diverged:
        text = (
            f"after {steps} steps, networks gave values that are not finite. The estimate is that "
            "of the best weights before. Give a lower learning_rate."
        )
    elif seconds is not None:
        text = (
            f"the time limit of {seconds:g} s ended training after {steps} steps. Give a higher "
            "time_limit, or none."
        )
    else:
        text = (
            f"after {steps} steps of training, rows held out still gave more with each step. "
            "Give more steps."
        )
    return "not_converged", f"Not converged: {text} {_direction(difference)}"


def _direction(difference: bool) -> str:
    """Where the truth is, for networks that could be better."""
    if difference:
        return (
            "The estimate is the difference of networks with X and without, and may be too low or "
            "too high."
        )
    return "The estimate is probably too low."


def overfitted(nats: float, in_training: float, *, difference: bool) -> Flag:
    """Networks give much more for the rows that train them than for others."""
    return "overfitted", (
        f"Overfitted: the networks give {both_units(in_training)} for the rows that trained them, "
        f"and {both_units(nats)} for others. So the rows are too few for what the networks must "
        f"learn: add rows, leave out columns, or use auto. {_direction(difference)}"
    )


def bounds_disagree(nats: float, name: str, other: float) -> Flag:
    """Another bound gives another value for the same networks and rows."""
    return "bounds_disagree", (
        f"Bounds disagree: the estimate is {both_units(nats)}, and {name} gives "
        f"{both_units(other)} for the same networks on the same rows. Few pairs of rows decide one "
        "of them, or it is near its ceiling. Trust neither beyond the lower one."
    )


def column_at_limit(nats: float, limit: float) -> Flag:
    """A column follows so closely that ranks do not show how closely."""
    return "ceiling", (
        f"Near its ceiling: a column follows others so closely that the rows hardly show how "
        f"closely. One column adds at most {both_units(limit)} here, and the estimate is "
        f"{both_units(nats)}. The true MI may be much larger."
    )
