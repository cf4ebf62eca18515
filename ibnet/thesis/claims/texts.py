"""The claims of the thesis in one sentence each, by number."""

CLAIMS = {
    1: "Tanh networks fit first and compress afterwards, at full batch and at 256, and most of the "
    "layers that can compress do so more at full batch.",
    2: "ReLU networks under uniform bins fit and do not compress.",
    3: "Under uniform bins ReLU breaks the data-processing inequality: some of the last layers "
    "have more I(T;Y) than layers closer to the input, in the half of the runs with the larger "
    "maximum activation.",
    4: "ReLU layers cluster in the lower left corner of the plane initially, under uniform bins.",
    5: "The maximum activation varies widely between runs.",
    6: "Under adaptive bins the data-processing inequality holds for all four activations.",
    7: "Tanh under adaptive bins compresses strongly in the first, fast phase.",
    8: "ReLU under adaptive bins ends near the I(X;T) at which it began.",
    9: "ELU under adaptive bins has the phases swapped: I(X;T) falls first; in the slow phase that "
    "follows, I(X;T) and I(T;Y) initially rise.",
    10: "ReLU6 under uniform bins looks like ReLU with 100 bins; under adaptive bins only its last "
    "two layers compress, the softmax included.",
    11: "Single runs differ strongly from each other under adaptive bins.",
    12: "The 12-12-12-12-12-2 ReLU network looks entirely different under the two binnings.",
    13: "Some ReLU networks (B.1 and B.2) compress on average.",
    14: "Train and test error end low in settings 1.1 and 1.2, and tanh generalises slightly "
    "better than ReLU.",
    15: "Uniform bins underestimate the entropy of unbounded activations.",
    16: "The data-processing inequality breaks in settings 2.2 and 2.3 as well, with 30 uniform "
    "bins, wherever the activation is unbounded.",
    17: "30 and 100 uniform bins give significantly different planes.",
    18: "ELU's plane resembles that of tanh.",
    19: "ReLU6 under uniform bins shows no observable compression.",
    20: "Compression is in general unrelated to generalisation.",
    21: "The error falls faster with mini-batches.",
}
