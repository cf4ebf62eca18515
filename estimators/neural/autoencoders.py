"""Encoders of each side, trained so that both sides can be predicted from either code."""

import numpy as np
import torch
from torch import Tensor

from mibench.contract.variables import as_variable
from mibench.types import Estimate

from ..knn import KNN
from .base import NeuralEstimator
from .device import device_of, generator_of
from .network import Perceptrons
from .parts import Parts
from .sides import Columns
from .training import train

CHECK_ROWS = 2000  # with which checks of training make do


def estimate_of_codes(columns: Columns, estimator: NeuralEstimator, dims: int, k: int) -> Estimate:
    """The mean over parts of what `knn` gives for the codes of rows held out."""
    device, generator = device_of(estimator.device), generator_of(estimator.seed)
    parts = Parts(columns, estimator.folds, generator, device)
    sizes = parts.a.shape[1], parts.b.shape[1]
    hidden = [estimator.hidden] * 2
    encoded = [0] if columns.labels else [0, 1]  # labels are their own code
    codes = [min(dims, sizes[i]) for i in encoded]

    def networks(first: int, last: int) -> Perceptrons:
        return Perceptrons(estimator.folds, [first, *hidden, last], generator, device)

    encoders = [networks(sizes[i], code) for i, code in zip(encoded, codes, strict=True)]
    decoders = [[networks(code, size) for size in sizes] for code in codes]
    means = [
        torch.stack([side[rows].mean(0) for rows in parts.of_others]).unsqueeze(1)
        for side in (parts.a, parts.b)
    ]
    spreads = [
        torch.stack([side[rows].var(0).sum() for rows in parts.of_others])
        for side in (parts.a, parts.b)
    ]

    def gain(a: Tensor, b: Tensor) -> Tensor:
        """The share of the variance of both sides that is predicted, summed over codes."""
        total = torch.zeros(estimator.folds, dtype=torch.float32, device=device)
        for i, encoder in zip(encoded, encoders, strict=True):
            code = encoder((a, b)[i])
            for j, side in enumerate((a, b)):
                error = ((decoders[i][j](code) + means[j] - side) ** 2).sum(2).mean(1)
                total = total - error / spreads[j].clamp(min=1e-12)
        return total

    every = [*encoders, *(decoder for of_code in decoders for decoder in of_code)]
    course = train(
        [parameter for network in every for parameter in network.parameters],
        lambda chosen: gain(*parts.training(chosen)),
        lambda: gain(*parts.held_out(CHECK_ROWS)),
        parts.trained,
        generator,
        estimator,
    )
    sides = parts.held_out()
    with torch.no_grad():
        held_out_codes = [encoder(sides[i]) for i, encoder in zip(encoded, encoders, strict=True)]
    of_first = held_out_codes[0].cpu().numpy().astype(np.float64)
    of_second = sides[1].argmax(2) if columns.labels else held_out_codes[1]
    second = of_second.cpu().numpy()
    knn = KNN(k=k)
    estimates = [
        knn.estimate_variables(
            as_variable(first, "x", discrete=False), as_variable(other, "y", columns.labels)
        )
        for first, other in zip(of_first, second, strict=True)
    ]
    of_parts = [estimate.nats for estimate in estimates]
    notes = {code: said for estimate in estimates for code, said in estimate.flags.items()}
    notes.pop("negative", None)  # a part may be below 0 where the mean is not
    if course.doubt is not None:
        notes.update([course.doubt])
    info = {
        "method": "autoencoders, knn of codes held out",
        "steps": course.steps,
        "dims_of_codes": codes,
        "nats_of_parts": np.round(of_parts, 6).tolist(),
    }
    ceilings = [e.ceiling_nats for e in estimates if e.ceiling_nats is not None]
    return Estimate(
        float(np.mean(of_parts)), notes, info, float(np.mean(ceilings)) if ceilings else None
    )
