"""The claims of the thesis in one sentence each, by number."""

CLAIMS = {
    1: "Tanh networks fit first and compress afterwards, at full batch and at 256, and most layers "
    "compress more at full batch.",
    2: "ReLU networks under uniform bins fit and do not compress.",
    3: "Under uniform bins ReLU breaks the data-processing inequality: a deeper layer has more "
    "I(T;Y) than one before it, in the half of the runs with the larger maximum activation.",
    4: "Early ReLU layers crowd the lower left corner of the plane under uniform bins.",
    5: "The maximum activation varies widely between runs.",
    6: "Under adaptive bins the data-processing inequality holds for all four activations.",
    7: "Tanh under adaptive bins compresses strongly in the first, fast phase.",
    8: "ReLU under adaptive bins ends near the I(X;T) at which it began.",
    9: "ELU under adaptive bins has the phases swapped: I(X;T) falls first, then it rises together "
    "with I(T;Y).",
    10: "ReLU6 under uniform bins looks like ReLU with 100 bins; under adaptive bins only its last "
    "two hidden layers compress.",
    11: "Single runs differ strongly from each other under adaptive bins.",
    12: "The 12-12-12-12-12-2 ReLU network looks entirely different under the two binnings.",
    13: "Some ReLU networks (B.1 and B.2) compress on average.",
    14: "Train and test error end low in every setting, and tanh generalises slightly better than "
    "ReLU.",
    15: "Uniform bins underestimate the entropy of unbounded activations.",
}
