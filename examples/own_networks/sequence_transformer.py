"""The information plane of a small transformer that learns to find the most frequent symbol.

    pip install 'mibench[torch]'
    python sequence_transformer.py [FIGURE.png]

An input is a sequence of 7 symbols, each 0, 1 or 2; there are 3^7 = 2187 of them, and all are used.
The label is the most frequent symbol; where two are equally frequent, the one that comes first.
Each layer is watched at its last position, from which the network reads the answer.
"""

import itertools
import sys

import torch
from torch import Tensor, nn

from mibench import ibnet

EPOCHS, LENGTH, SYMBOLS, WIDTH = 30, 7, 3, 16


class Block(nn.Module):
    """Attention and a layer of GELU units, each added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)])

    def forward(self, x: Tensor) -> Tensor:
        """(rows, positions, width) to the same shape."""
        normed = self.norms[0](x)
        x = x + self.attention(normed, normed, normed, need_weights=False)[0]
        return x + self.mlp(self.norms[1](x))


class Transformer(nn.Module):
    """Embeds symbols and positions; two blocks; the last position gives the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, WIDTH)
        self.position = nn.Parameter(0.1 * torch.randn(LENGTH, WIDTH))
        self.blocks = nn.ModuleList([Block(), Block()])
        self.answer = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, sequences: Tensor) -> Tensor:
        """(rows, positions) of symbols to (rows, symbols)."""
        x = self.embedding(sequences) + self.position
        for block in self.blocks:
            x = block(x)
        return self.answer(x[:, -1])


def most_frequent(sequence: tuple[int, ...]) -> int:
    """The label. Of several symbols that are equally frequent, max returns the first."""
    return max(sequence, key=sequence.count)


def last_position(output: Tensor) -> Tensor:
    """(rows, positions, width) -> (rows, width)."""
    return output[:, -1]


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the network is too small for more
    sequences = list(itertools.product(range(SYMBOLS), repeat=LENGTH))
    x, y = torch.tensor(sequences), torch.tensor([most_frequent(s) for s in sequences])
    model = Transformer()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    layers = {"blocks.0": last_position, "blocks.1": last_position, "answer": None}
    watch = ibnet.watch(model, (x, y), layers, name="transformer, most frequent symbol")
    for epoch in range(EPOCHS + 1):
        for batch in torch.randperm(len(x)).split(64) if epoch else []:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        watch.log(epoch)
    with torch.no_grad():
        right = (model(x).argmax(1) == y).float().mean()
    print(f"{right:.1%} of the sequences are answered right")
    trajectories = watch.measure(["uniform:bins=5", "kde:noise_variance=0.1"])
    path = sys.argv[1] if len(sys.argv) > 1 else "sequence_transformer.png"
    print(*ibnet.save_drawing(ibnet.plot_plane(trajectories), path))
