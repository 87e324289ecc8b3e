"""What is measured of each image, in one pass over the pixels."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from skdl._utils.checksums import digest_of
from skdl._utils.progress import Progress
from skdl._utils.threads import in_threads
from skdl.images._batch import ImageBatch
from skdl.images._decoding import UnreadableImageError
from skdl.images._resizing import n_without_opacity

FRAME_SHARE = 0.05
"""Width of the outer frame, of the shorter side."""

# Of pixels in floats, which are measured at a time.
_CHUNK_BYTES = 16 * 2**20

Facts = dict[str, Any]


def measure_images(images: ImageBatch, n_threads: int | None, verbose: int) -> pd.DataFrame:
    """A row for each image; "reason" is why one cannot be read, "" if it can."""
    with Progress("Looking at images", len(images), shown=verbose > 0, unit="images") as progress:
        if len(images.shape) > 1:
            table = _of_arrays(images, n_threads, progress)
        else:
            table = pd.DataFrame.from_records(_of_files(images, n_threads, progress))
    table["one_color"] = table["one_color"].eq(True)
    return table


def _of_arrays(images: ImageBatch, n_threads: int | None, progress: Progress) -> pd.DataFrame:
    height, width, channels = images.shape[1:]
    size = max(1, _CHUNK_BYTES // (height * width * channels * 4))
    parts = []
    for span, pixels, _ in images.chunks(size):
        parts.append(pd.DataFrame(_statistics(pixels)))
        progress.update(span.stop)
    table = pd.concat(parts, ignore_index=True)
    same = {"height": height, "width": width, "channels": channels, "dtype": str(images.came)}
    return table.assign(
        **same, format="", bytes=np.nan, quantization=np.nan, digest=images.digests(n_threads),
        reason="",
    )  # fmt: skip


def _of_files(images: ImageBatch, n_threads: int | None, progress: Progress) -> Iterator[Facts]:
    found = in_threads(lambda row: _of_file(images, row), range(len(images)), n_threads)
    for done, facts in enumerate(found, start=1):
        yield facts
        progress.update(done)


def _of_file(images: ImageBatch, row: int) -> Facts:
    try:
        kind, pixels, content = images.examine(row)
        if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
            return _unreadable("its values contain NaN or infinity")
        height, width, channels = pixels.shape
        # Of pixels and not of bytes: a picture that was saved again without loss is a copy.
        digest = digest_of(digest_of(pixels) + f"{pixels.dtype} {pixels.shape}".encode())
        return {
            **{name: values[0] for name, values in _statistics(pixels[np.newaxis]).items()},
            "height": height,
            "width": width,
            "channels": channels,
            "dtype": str(pixels.dtype),
            "format": kind.partition(" ")[0],
            "bytes": float(len(content)),
            "quantization": _quantization(content) if kind.startswith(("JPEG", "MPO")) else np.nan,
            "digest": digest,
            "reason": "",
        }
    except UnreadableImageError as error:
        return _unreadable(error.reason)
    except (OSError, ValueError) as error:
        return _unreadable(str(error))


def _unreadable(reason: str) -> Facts:
    missing = dict.fromkeys(_MEASURED, np.nan)
    return {**missing, "one_color": False, "dtype": "", "format": "", "digest": b"",
            "reason": reason}  # fmt: skip


_MEASURED = (
    "low", "high", "brightness", "contrast", "border_brightness", "border_contrast",
    "height", "width", "channels", "bytes", "quantization",
)  # fmt: skip


def _statistics(pixels: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Of images of one shape (n, height, width, channels)."""
    n, height, width, _ = pixels.shape
    lows, highs = pixels.min(axis=(1, 2)), pixels.max(axis=(1, 2))
    gray = _brightness(pixels)
    thick = max(1, round(FRAME_SHARE * min(height, width)))
    frame = np.ones((height, width), dtype=np.bool_)
    frame[thick : height - thick, thick : width - thick] = False
    border, whole = gray[:, frame], gray.reshape(n, -1)
    return {
        "low": lows.min(axis=1).astype(np.float64),
        "high": highs.max(axis=1).astype(np.float64),
        "one_color": (lows == highs).all(axis=1),
        "brightness": whole.mean(axis=1, dtype=np.float64),
        "contrast": whole.std(axis=1, dtype=np.float64),
        "border_brightness": border.mean(axis=1, dtype=np.float64),
        "border_contrast": border.std(axis=1, dtype=np.float64),
    }


def _brightness(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The mean of the channels, but for transparency, of each pixel."""
    n_colors = n_without_opacity(pixels.shape[-1])
    total = pixels[..., 0].astype(np.float32)
    for channel in range(1, n_colors):
        total += pixels[..., channel]
    return total / np.float32(n_colors)


def _quantization(content: bytes) -> float:
    """Mean step by which a JPEG's brightness was rounded."""
    with Image.open(io.BytesIO(content), formats=("JPEG", "MPO")) as image:
        tables = getattr(image, "quantization", None)
        return float(np.mean(next(iter(tables.values())))) if tables else np.nan
