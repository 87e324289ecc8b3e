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


def _vgg(convolutions):
    layers, before = [], 3
    for filters, n in zip((64, 128, 256, 512, 512), convolutions, strict=True):
        for _ in range(n):
            layers += [nn.Conv2d(before, filters, 3, padding=1), nn.ReLU(inplace=True)]
            before = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *_pooled())


def _pooled():
    return nn.AdaptiveAvgPool2d(1), nn.Flatten()


def vgg16_features():
    """VGG16 without its classifier, and the mean of its maps."""
    return _vgg((2, 2, 3, 3, 3))


def vgg19_features():
    """VGG19 without its classifier, and the mean of its maps."""
    return _vgg((2, 2, 4, 4, 4))


def vgg16_classifier(n_classes, n_frozen=None):
    """VGG16 with a dense layer behind it, of which the first modules may be frozen."""
    features = vgg16_features()
    for module in list(features)[: n_frozen or 0]:
        module.requires_grad_(False)
    return nn.Sequential(features, nn.Linear(512, n_classes))


def _unit(before, filters, size=1, stride=1, groups=1, activation=nn.ReLU6):
    """A convolution, its normalisation, and perhaps an activation."""
    convolution = nn.Conv2d(
        before, filters, size, stride, padding=size // 2, groups=groups, bias=False
    )
    layers = [convolution, nn.BatchNorm2d(filters)]
    return nn.Sequential(*layers, *([] if activation is None else [activation(inplace=True)]))


class _Added(nn.Module):
    """Layers beside a shortcut, and perhaps an activation of the sum."""

    def __init__(self, layers, shortcut=None, activation=None):
        super().__init__()
        self.layers = layers
        self.shortcut = shortcut or nn.Identity()
        self.activation = activation or nn.Identity()

    def forward(self, x):
        return self.activation(self.layers(x) + self.shortcut(x))


class _Squeezed(nn.Module):
    """Channels weighted by what their means say."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.SiLU(inplace=True),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.weights(x)


def resnet50_features():
    """ResNet50 without its classifier, and the mean of its maps."""
    layers = [_unit(3, 64, 7, 2, activation=nn.ReLU), nn.MaxPool2d(3, 2, padding=1)]
    before = 64
    for number, (filters, n) in enumerate(zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True)):
        for block in range(n):
            stride = 2 if number and not block else 1
            inner = nn.Sequential(
                _unit(before, filters, activation=nn.ReLU),
                _unit(filters, filters, 3, stride, activation=nn.ReLU),
                _unit(filters, 4 * filters, activation=None),
            )
            shortcut = None if block else _unit(before, 4 * filters, 1, stride, activation=None)
            layers.append(_Added(inner, shortcut, nn.ReLU(inplace=True)))
            before = 4 * filters
    return nn.Sequential(*layers, *_pooled())


def _inverted(stem, stages, activation, squeezes):
    """Networks of blocks that are wide in the middle: (widening, filters, blocks, stride, size)."""
    layers, before = [_unit(3, stem, 3, 2, activation=activation)], stem
    for widening, filters, n, first_stride, size in stages:
        for block in range(n):
            stride, wide = first_stride if block == 0 else 1, widening * before
            inner = [] if widening == 1 else [_unit(before, wide, activation=activation)]
            inner.append(_unit(wide, wide, size, stride, wide, activation))
            if squeezes:
                inner.append(_Squeezed(wide, max(1, before // 4)))
            inner.append(_unit(wide, filters, activation=None))
            unit = nn.Sequential(*inner)
            layers.append(_Added(unit) if stride == 1 and before == filters else unit)
            before = filters
    return nn.Sequential(*layers, _unit(before, 1280, activation=activation), *_pooled())


def mobilenet_v2_features():
    """MobileNetV2 without its classifier, and the mean of its maps."""
    stages = (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3), (6, 96, 3, 1, 3),
        (6, 160, 3, 2, 3), (6, 320, 1, 1, 3),
    )  # fmt: skip
    return _inverted(32, stages, nn.ReLU6, squeezes=False)


def efficientnet_b0_features():
    """EfficientNetB0 without its classifier, and the mean of its maps."""
    stages = (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
    )  # fmt: skip
    return _inverted(32, stages, nn.SiLU, squeezes=True)


NETWORKS = {
    "efficientnet_b0": efficientnet_b0_features,
    "mobilenet_v2": mobilenet_v2_features,
    "resnet50": resnet50_features,
    "vgg16": vgg16_features,
    "vgg19": vgg19_features,
}


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


def epoch(build, X, y, precision, times, on_cpu, batch_size=_BATCH):
    """Median seconds of an epoch, which begins with NumPy arrays."""
    device = _device(on_cpu)
    network = _placed(build(X.shape[1:]), device).train()
    trained = [values for values in network.parameters() if values.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=0.001)
    loss_of = nn.CrossEntropyLoss()

    def work():
        images, labels = _on(device, X) / 255, torch.from_numpy(y.astype(np.int64)).to(device)
        for rows in torch.randperm(len(X), device=device).split(batch_size):
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = loss_of(network(images[rows]), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        _wait(device)

    return median_time(work, times)


def features(X, precision, times, on_cpu, build=vgg16_features):
    """Median seconds for a network's features of images, from and to NumPy arrays."""
    device = _device(on_cpu)
    network = _placed(build(), device).eval()
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
