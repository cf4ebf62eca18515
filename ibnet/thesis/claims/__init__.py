"""The claims of the thesis: each as statistics over the runs, with an interval and a verdict.

Claim n is the function `claim_n`; its text is `CLAIMS[n]` in `texts.py`.

| claim | about | networks and bins | file |
|---|---|---|---|
| 1 | fitting, then compression | tanh, uniform | claims_1_to_5.py |
| 2 | fitting without compression | ReLU, uniform | claims_1_to_5.py |
| 3 | the data-processing inequality breaks | ReLU, uniform | claims_1_to_5.py |
| 4 | layers start in the lower left corner | ReLU, uniform | claims_1_to_5.py |
| 5 | the maximum activation varies between runs | ReLU | claims_1_to_5.py |
| 6 | the data-processing inequality holds | all activations, adaptive | claims_6_to_10.py |
| 7 | compression in the first, fast phase | tanh, adaptive | claims_6_to_10.py |
| 8 | I(X;T) ends near its start | ReLU, adaptive | claims_6_to_10.py |
| 9 | I(X;T) falls first, then at first rises with I(T;Y) | ELU, adaptive | claims_6_to_10.py |
| 10 | like ReLU; the last two layers compress | ReLU6, both | claims_6_to_10.py |
| 11 | single runs differ | ReLU and ELU, adaptive | claims_11_to_15.py |
| 12 | the two binnings give different planes | A, both | claims_11_to_15.py |
| 13 | some ReLU networks compress | B.1 and B.2, adaptive | claims_11_to_15.py |
| 14 | low errors; tanh generalises better | tanh and ReLU | claims_11_to_15.py |
| 15 | uniform bins underestimate entropy | ReLU and ELU, both | claims_11_to_15.py |
| 16 | the data-processing inequality breaks | ReLU and ELU, 30 uniform | claims_16_to_21.py |
| 17 | 30 and 100 bins give different planes | ReLU, uniform | claims_16_to_21.py |
| 18 | ELU resembles tanh | ELU, tanh and ReLU, adaptive | claims_16_to_21.py |
| 19 | no compression | ReLU6, uniform | claims_16_to_21.py |
| 20 | compression is unrelated to generalisation | all, adaptive | claims_16_to_21.py |
| 21 | mini-batches learn faster | tanh and ReLU | claims_16_to_21.py |

A claim has one or more parts (`parts.py`). A part computes a statistic (`statistics.py`) from
complete runs (`runs.py`) in windows of epochs (`windows.py`), with a bootstrap interval
(`bootstrap.py`). `table.py` collects all parts; `markdown.py` writes them as text.
`generalisation.py` has the numbers of claim 20 by layer, with controls.
"""

from .generalisation import generalisation_table
from .markdown import generalisation_to_markdown, to_markdown
from .table import claims_table, verdicts

__all__ = [
    "claims_table",
    "generalisation_table",
    "generalisation_to_markdown",
    "to_markdown",
    "verdicts",
]
