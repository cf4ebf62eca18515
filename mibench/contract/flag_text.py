"""What the sentences of flags are made of."""

import math

Flag = tuple[str, str]  # its code, and a plain sentence


def both_units(nats: float) -> str:
    """Nats in bits and in nats."""
    return f"{nats / math.log(2):.2f} bits ({nats:.2f} nats)"
