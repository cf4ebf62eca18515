"""Whether a further value of T lowers I(X;T) - beta I(T;Y), and by how much at most."""

import numpy as np

from .probabilities import Float

SCAN = 40  # steps from each p(y|x) and p(y|t) to the one nearby that is worth most
SHARE = 0.01  # of p(t), for a further value of T
LARGEST = 700.0  # of a logarithm, just below that of the largest float
SMALL = 1e-300


def further_values(joint: Float, encoders: Float, betas: Float) -> tuple[Float, Float]:
    """The gaps of encoders, and encoders that have the value of T that is worth most.

    Let Z(x) be the sum over t of p(t) exp(beta sum over y of p(y|x) log p(y|t)), and q a p(y|t). Of
    all encoders, none lowers I(X;T) - beta I(T;Y) by more than

        log max over q of sum over x of p(x) exp(beta sum over y of p(y|x) log q(y)) / Z(x),

    because -sum over x of p(x) log Z(x) is convex in the measure p(t) over such q. The largest q is
    searched from each p(y|x) and p(y|t), so it is a local maximum.

    Args:
        joint: (values of x, values of y) p(x, y), with p(x) above 0.
        encoders: (b, values of x, clusters) p(t|x), settled.
        betas: (b,) the weights.

    Returns:
        (b,) the gaps in nats, 0 or more; (b, values of x, clusters) p(t|x) in which two
        values of T that are most alike are one, and the best further one has a small share.

    References:
        The same bound for mixtures: Lindsay 1983, doi:10.1214/aos/1176346059.
    """
    solutions = [_further(joint, *pair) for pair in zip(encoders, betas, strict=True)]
    return np.array([gap for gap, _ in solutions]), np.array([encoder for _, encoder in solutions])


def _further(joint: Float, encoder: Float, beta: float) -> tuple[float, Float]:
    p_x = joint.sum(axis=1)
    given_x = joint / p_x[:, np.newaxis]
    p_t = p_x @ encoder
    used = p_t > SMALL
    given_t = (encoder[:, used].T @ joint) / p_t[used, np.newaxis]
    weighted = beta * given_x

    def score(values: Float) -> Float:
        return np.asarray(weighted @ np.log(np.maximum(values, SMALL)).T)

    scores = score(given_t) + np.log(p_t[used])
    highest = scores.max(axis=1, keepdims=True)
    log_z = highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    less = np.log(p_x)[:, np.newaxis] - log_z
    values = np.concatenate([given_x, given_t])
    for _ in range(SCAN):
        worth = np.exp(np.minimum(score(values) + less, LARGEST))
        values = (worth / worth.sum(axis=0)).T @ given_x
    worth = np.exp(np.minimum(score(values) + less, LARGEST))
    gains = worth.sum(axis=0)
    best = int(gains.argmax())
    ratio = SHARE * worth[:, best] / p_x
    share = ratio / (1 - SHARE + ratio)
    kept, freed = _alike(encoder.T @ joint)
    new = encoder.copy()
    new[:, kept] += encoder[:, freed]
    new *= (1 - share)[:, np.newaxis]
    new[:, freed] = share
    return max(float(np.log(gains[best])), 0.0), new


def _alike(of_ty: Float) -> tuple[int, int]:
    """Two values of T that lose little if they become one: the second one is the rarer."""
    p_t = of_ty.sum(axis=1)
    if len(p_t) == 1:
        return 0, 0
    given_t = of_ty / np.maximum(p_t, SMALL)[:, np.newaxis]
    squares = (given_t**2).sum(axis=1)
    apart = np.maximum(squares[:, np.newaxis] + squares - 2 * given_t @ given_t.T, 0)
    loss = apart * np.outer(p_t, p_t) / np.maximum(np.add.outer(p_t, p_t), SMALL)
    np.fill_diagonal(loss, np.inf)
    pair = np.unravel_index(loss.argmin(), loss.shape)
    rarer, other = sorted((int(pair[0]), int(pair[1])), key=lambda t: float(p_t[t]))
    return other, rarer
