"""Write the table of docs/audit.md: ``SKDL_DATA_HOME=… python tools/planted_look_alikes.py``.

Versions of real images are planted among their originals, one kind of change each, and looked for.
"""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from skdl.audit import LookAlikes, find_look_alikes, join_groups
from skdl.datasets import load_fashion_mnist, load_mnist
from skdl.downloads import get_data_home
from skdl.images import read_batch

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "audit.md"
START, END = "<!-- written by tools/planted_look_alikes.py -->\n", "<!-- end of the table -->"
N_PLANTED = 2550
_TURNS = Image.Transpose


def resized(picture: Any, factor: float) -> Any:
    size = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize(tuple(size), Image.Resampling.BILINEAR)


def recompressed(picture: Any, quality: int) -> Any:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).copy()


def with_contrast(picture: Any, factor: float, pivot: float | None = None) -> Any:
    """Values times a factor, about a pivot, by default their mean; cut off at 0 and 255."""
    values = np.asarray(picture, dtype=float)
    centre = values.mean() if pivot is None else pivot
    changed = (values - centre) * factor + centre
    return Image.fromarray(changed.round().clip(0, 255).astype(np.uint8))


def cropped(picture: Any, random: np.random.Generator) -> Any:
    """Without up to 8 % at each border, and at least a pixel at one."""
    width, height = picture.size
    left, top, right, bottom = np.rint(
        random.uniform(0, 0.08, 4) * [width, height, width, height]
    ).astype(int)
    left += not (left or top or right or bottom)
    return picture.crop((left, top, width - right, height - bottom))


def shifted(picture: Any, random: np.random.Generator) -> Any:
    """By up to 7 % in both directions, 2 pixels of 28, with black where nothing was."""
    most = [max(1, round(0.07 * side)) for side in picture.size]
    right, down = (int(random.integers(-limit, limit + 1)) for limit in most)
    right += not (right or down)
    moved = Image.new(picture.mode, picture.size)
    moved.paste(picture, (right, down))
    return moved


def several(picture: Any, random: np.random.Generator) -> Any:
    """Cropped, mirrored, brighter and recompressed."""
    mirrored = cropped(picture, random).transpose(_TURNS.FLIP_LEFT_RIGHT)
    return recompressed(with_contrast(mirrored, 1.1, 0), 75)


KINDS: dict[str, Callable[[Any, np.random.Generator], Any]] = {
    "copied": lambda picture, random: picture.copy(),
    "half the size": lambda picture, random: resized(picture, 0.5),
    "50 to 200 % of the size": lambda picture, random: resized(picture, random.uniform(0.5, 2)),
    "JPEG of quality 50": lambda picture, random: recompressed(picture, 50),
    "JPEG of quality 75": lambda picture, random: recompressed(picture, 75),
    "JPEG of quality 90": lambda picture, random: recompressed(picture, 90),
    "5 to 25 % brighter": lambda picture, random: with_contrast(
        picture, random.uniform(1.05, 1.25), 0
    ),
    "5 to 25 % darker": lambda picture, random: with_contrast(
        picture, random.uniform(0.75, 0.95), 0
    ),
    "contrast 75 to 125 %": lambda picture, random: with_contrast(
        picture, random.uniform(0.75, 1.25)
    ),
    "cropped": cropped,
    "shifted": shifted,
    "mirrored": lambda picture, random: picture.transpose(_TURNS.FLIP_LEFT_RIGHT),
    "upside down": lambda picture, random: picture.transpose(_TURNS.FLIP_TOP_BOTTOM),
    "turned by 90°": lambda picture, random: picture.transpose(_TURNS.ROTATE_90),
    "turned by 180°": lambda picture, random: picture.transpose(_TURNS.ROTATE_180),
    "turned by 270°": lambda picture, random: picture.transpose(_TURNS.ROTATE_270),
    "several at once": several,
}
DATA = {
    "MNIST": 10_000,
    "Fashion-MNIST": 10_000,
    "CIFAR-10 (JPEG)": 10_000,
    "Cats and dogs": 4_000,
    "BUSI": 780,
}


@dataclass(frozen=True)
class Result:
    """What was found of what was planted in a data set."""

    name: str
    n_images: int
    source: Any  # original of each planted version
    kind: Any  # its place among KINDS
    pairs: LookAlikes

    def __post_init__(self) -> None:
        planted = np.concatenate([np.arange(self.n_images), self.source])
        first, second = self.pairs.first, self.pairs.second
        sources = np.sort([planted[first], planted[second]], axis=0)
        codes = sources[0] * self.n_images + sources[1]
        with_planted = second >= self.n_images
        same = sources[0] == sources[1]
        # Where originals look alike themselves, their versions are neither right nor wrong.
        related = np.isin(codes, codes[~with_planted])
        found = np.zeros(len(self.source), dtype=bool)
        found[second[same & (first < self.n_images)] - self.n_images] = True
        known = {"found": found, "right": with_planted & same, "originals": ~with_planted}
        known["wrong"] = with_planted & ~same & ~related
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def recall_of(self, kind: int | None = None) -> float:
        """Share of versions that were found to be one of their original."""
        return float(self.found[slice(None) if kind is None else self.kind == kind].mean())

    def precision_of(self, kind: int | None = None) -> float:
        """Share of right ones among the pairs with a planted version."""
        counted = np.ones(len(self.pairs.first), dtype=bool)
        if kind is not None:
            rows = np.flatnonzero(self.kind == kind) + self.n_images
            counted = np.isin(self.pairs.first, rows) | np.isin(self.pairs.second, rows)
        right, wrong = (int((of & counted).sum()) for of in (self.right, self.wrong))
        return right / max(1, right + wrong)

    @property
    def recall(self) -> float:
        return self.recall_of()

    @property
    def precision(self) -> float:
        return self.precision_of()

    @property
    def largest(self) -> int:
        """Most originals that were joined, be it by way of others."""
        ends = self.pairs.first[self.originals], self.pairs.second[self.originals]
        return int(np.bincount(join_groups(None, self.n_images, *ends)).max())


def measure(name: str, n_images: int, n_planted: int = N_PLANTED, seed: int = 0) -> Result:
    """Plant versions in a data set, one kind after the other, and look for them."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        originals = _originals(name, n_images, random)
        n_images = len(originals)
        places = np.arange(n_planted)
        source = random.permutation(n_images)[places % n_images]
        kind = (places + places // n_images) % len(KINDS)
        images = _planted(originals, source, kind, random, Path(folder))
        pairs = find_look_alikes(read_batch(images, mixed=True))
    return Result(name, n_images, source, kind, pairs)


def _originals(name: str, n_images: int, random: np.random.Generator) -> Any:
    if name in ("MNIST", "Fashion-MNIST"):
        load = load_mnist if name == "MNIST" else load_fashion_mnist
        images = load(return_X_y=True)[0].reshape(-1, 28, 28)
    else:
        folders = {"BUSI": "busi", "Cats and dogs": "cats_vs_dogs"}
        folder = get_data_home() / folders.get(name, "cifar10-jpeg/train")
        files = [*folder.rglob("*.jpg"), *folder.rglob("*.png")]
        images = np.array(sorted(map(str, files)))
    return images[np.sort(random.permutation(len(images))[:n_images])]


def _planted(
    originals: Any, source: Any, kind: Any, random: np.random.Generator, folder: Path
) -> Any:
    """The originals and their versions: arrays of one size, or files of any."""
    changes, versions = list(KINDS.values()), []
    for row, (place, change) in enumerate(zip(source, kind, strict=True)):
        original = originals[place]
        if isinstance(original, str):
            with Image.open(original) as file:
                picture = changes[change](file.convert("L" if file.mode == "L" else "RGB"), random)
            versions.append(str(folder / f"{row}.png"))
            picture.save(versions[-1])
        else:
            picture = changes[change](Image.fromarray(original.astype(np.uint8)), random)
            side = (original.shape[1], original.shape[0])
            versions.append(np.asarray(picture.resize(side, Image.Resampling.BILINEAR)))
    return np.concatenate([originals, np.stack(versions) if len(versions) else originals[:0]])


def table(results: list[Result]) -> str:
    """Recall and precision in percent, by kind of change and data set."""
    names = " | ".join(result.name for result in results)
    lines = [f"| recall / precision, in % | {names} |", "|---|" + "---|" * len(results)]
    for kind, name in enumerate(KINDS):
        cells = [_percent(result.recall_of(kind), result.precision_of(kind)) for result in results]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for name, cell in _ROWS.items():
        lines.append(f"| {name} | {' | '.join(map(cell, results))} |")
    return "\n".join(lines) + "\n"


def _percent(*shares: float) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in shares)


_ROWS: dict[str, Callable[[Result], str]] = {
    "**all**": lambda result: f"**{_percent(result.recall, result.precision)}**",
    "images": lambda result: f"{result.n_images:,}",
    "planted": lambda result: f"{len(result.source):,}",
    "wrong pairs": lambda result: f"{int(result.wrong.sum()):,}",
    "pairs of originals": lambda result: f"{int(result.originals.sum()):,}",
    "most originals joined": lambda result: str(result.largest),
}


def page(written: str) -> str:
    """The whole page, with its table written anew."""
    before, rest = PAGE.read_text().split(START)
    return before + START + written + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(table([measure(name, n_images) for name, n_images in DATA.items()])))
