"""The same networks in plain PyTorch; imported in the peers' processes alone."""

import numpy as np
import torch
from torch import nn

from benchmarks.gpu_cases import NoCardError
from benchmarks.timing import median_time

_BATCH = 128


def simple(input_shape, n_classes=10):
    """The network `simple`."""
    height, width, channels = input_shape
    padding = 0 if min(height, width) >= 10 else 1

    def after(side):
        for _ in range(2):
            side = (side - 2 * (1 - padding)) // 2
        return side

    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=padding),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=padding),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * after(height) * after(width), 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, n_classes),
    )


class _Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, before, filters, stride):
        super().__init__()
        self.convolutions = nn.Sequential(
            _normalized(before, filters, 3, stride), nn.ReLU(), _normalized(filters, filters, 3, 1)
        )
        same = stride == 1 and before == filters
        self.shortcut = nn.Identity() if same else _normalized(before, filters, 1, stride)

    def forward(self, x):
        return torch.relu(self.convolutions(x) + self.shortcut(x))


def _normalized(before, filters, size, stride):
    convolution = nn.Conv2d(before, filters, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(filters))


def resnet18(input_shape, n_classes=10):
    """The network `resnet18` for images below 96×96."""
    stages, before = [], 64
    for number, filters in enumerate((64, 128, 256, 512)):
        stages += [_Block(before, filters, 2 if number else 1), _Block(filters, filters, 1)]
        before = filters
    return nn.Sequential(
        _normalized(input_shape[2], 64, 3, 1),
        nn.ReLU(),
        *stages,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, n_classes),
    )


def vgg16_features():
    """VGG16 without its classifier, and the mean of its maps."""
    layers, before = [], 3
    for filters, n in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(n):
            layers += [nn.Conv2d(before, filters, 3, padding=1), nn.ReLU(inplace=True)]
            before = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _device(on_cpu):
    if on_cpu:
        return "cpu"
    if not torch.cuda.is_available():
        raise NoCardError("PyTorch finds no GPU")
    torch.set_float32_matmul_precision("high")  # TF32, which TensorFlow takes as well
    torch.backends.cudnn.benchmark = True
    return "cuda"


def _placed(network, device):
    return network.to(device, memory_format=torch.channels_last)


def _on(device, images):
    """A NumPy array of bytes, channels last, on the device as float32 from 0 to 255."""
    batch = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()
    return batch.contiguous(memory_format=torch.channels_last)


def _wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def epoch(build, X, y, precision, times, on_cpu):
    """Median seconds of an epoch, which begins with NumPy arrays."""
    device = _device(on_cpu)
    network = _placed(build(X.shape[1:]), device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    loss_of = nn.CrossEntropyLoss()

    def work():
        images, labels = _on(device, X) / 255, torch.from_numpy(y.astype(np.int64)).to(device)
        for rows in torch.randperm(len(X), device=device).split(_BATCH):
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = loss_of(network(images[rows]), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        _wait(device)

    return median_time(work, times)


def features(X, precision, times, on_cpu):
    """Median seconds for VGG16's features of images, from and to NumPy arrays."""
    device = _device(on_cpu)
    network = _placed(vgg16_features(), device).eval()
    mean = torch.tensor([123.68, 116.779, 103.939], device=device).reshape(1, 3, 1, 1)

    def of(batch):
        with (
            torch.inference_mode(),
            torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"),
        ):
            return network((_on(device, batch) - mean).flip(1)).float().cpu().numpy()

    def work():
        return np.concatenate([of(X[start : start + 32]) for start in range(0, len(X), 32)])

    return median_time(work, times)
