"""I(X;Y|Z) from estimates of I(X;Y) alone, by the chain rule.

    I(X;Y|Z) = I(X;Y,Z) - I(X;Z) = I(Y;X,Z) - I(Y;Z)

References:
    Cover & Thomas, Elements of Information Theory, 2nd ed. 2006, section 2.5.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mibench.contract import flags
from mibench.contract.variables import Variable
from mibench.types import Estimate

Information = Callable[[Variable, Variable], Estimate]

# Differences between the two orders of the sides that are flagged: in nats, and as a share of I.
DIFFERENCE, SHARE = 0.05, 0.25
# What is said of I(X;Z) and I(Y;Z), since the sentences of a flag speak of the term alone.
SUBTRACTED = ", which is subtracted (too low there is too high here)"
# Flags of a term that say nothing of the difference.
OF_A_TERM = ("not_detected", "negative", "constant", "ceiling")


def information_by_chain_rule(
    information: Information, x: Variable, y: Variable, z: Variable, *, clipped: bool = True
) -> Estimate:
    """I(X;Y|Z) given numbers Z, none of the sides constant; the mean of both orders of the sides.

    A side of labels cannot be joined with numbers. If one side is labels, one order is left. If
    both are, I(X;Y|Z) = I(X;Y) + I(X,Y;Z) - I(X;Z) - I(Y;Z), where X,Y is one label.
    If Z determines a side, so that an estimate is at its ceiling, the other order is taken.
    If clipped, an estimate below 0 becomes 0, flagged `negative`.
    """
    terms: dict[str, Estimate] = {}

    def of(name: str, a: Variable, b: Variable) -> float:
        terms[name] = information(a, b)
        return terms[name].nats

    def order(first: str, second: str, a: Variable, b: Variable) -> float:
        with_b = of(f"I({first};{second},Z)", a, joined(b, z))
        alone = of(f"I({first};Z)", a, z)
        limit = terms[f"I({first};{second},Z)"].ceiling_nats
        limits.append(math.log(a.n) - alone if limit is None else limit - alone)
        return with_b - alone

    limits: list[float] = []
    if x.discrete and y.discrete:
        both = of("I(X;Y)", x, y) + of("I(X,Y;Z)", joined(x, y), z)
        orders = [both - of("I(X;Z)", x, z) - of("I(Y;Z)", y, z)]
    else:
        orders = [] if y.discrete else [order("X", "Y", x, y)]
        orders += [] if x.discrete else [order("Y", "X", y, x)]
    # The difference of two estimates at the ceiling says nothing: it is left out if it can be.
    determined = [name for name in "XY" if _at_ceiling(terms.get(f"I({name};Z)"))]
    if len(orders) == 2 and len(determined) == 1:
        orders = orders[1:] if determined == ["X"] else orders[:1]
    elif determined:
        orders = [min(*orders, 0.0)]
    nats = float(np.mean(orders))
    raised = {
        code: f"In {name}{SUBTRACTED if name in ('I(X;Z)', 'I(Y;Z)') else ''}: {sentence}"
        for name, term in terms.items()
        for code, sentence in term.flags.items()
        if code not in OF_A_TERM
    }
    for name in determined:
        raised.update([flags.nearly_determined(name)])
    if max(orders) - min(orders) > max(DIFFERENCE, SHARE * nats):
        raised.update([flags.chain_rule(orders[0], orders[1])])
    if nats < 0 and clipped:
        raised.update([flags.negative_difference(nats)])
    ceiling = None if determined else min(limits, default=None)
    info: dict[str, Any] = {
        "method": "chain rule",
        "terms_nats": {name: term.nats for name, term in terms.items()},
        "orders_nats": orders,
    }
    return Estimate(max(nats, 0.0) if clipped else nats, raised, info, ceiling)


def _at_ceiling(term: Estimate | None) -> bool:
    return term is not None and "ceiling" in term.flags


def joined(a: Variable, b: Variable) -> Variable:
    """Two sides of one kind as one side."""
    if a.discrete:
        pairs = a.symbols * b.cardinality + b.symbols
        _, symbols, counts = np.unique(pairs, return_inverse=True, return_counts=True)
        return Variable(
            a.n, a.dims + b.dims, a.columns, a.low, a.high, symbols.astype(np.int64), counts
        )
    columns = np.concatenate([a.columns, b.columns])
    low, high = np.concatenate([a.low, b.low]), np.concatenate([a.high, b.high])
    return Variable(a.n, a.dims + b.dims, columns, low, high, a.symbols, a.counts)
