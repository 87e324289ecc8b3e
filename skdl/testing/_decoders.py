"""Contracts of decoders of image files."""

import io
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from skdl import plugins
from skdl.images import Decoder, ImageInfo
from skdl.testing._contracts import DECODER, contract, found, run_all

# Parts of a file that are cut off, and how many of its bytes are changed, one at a time.
_PARTS = (0.0, 0.2, 0.5, 0.8, 0.97)
_N_CHANGED = 40


def _decoder(subject: Any) -> Decoder:
    made = found(plugins.decoders, subject)()
    assert isinstance(made, Decoder), f"it makes {made!r}, not a skdl.images.Decoder"
    return made


@contract(DECODER)
def check_decoder_declares_its_files(subject: Any) -> None:
    """Made without arguments, it says which endings its files have, in lower case."""
    decoder = _decoder(subject)
    assert isinstance(decoder.extensions, tuple), "extensions is not a tuple"
    assert decoder.extensions, "extensions is empty"
    for ending in decoder.extensions:
        assert isinstance(ending, str), f"the ending {ending!r} is not a string"
        assert ending.startswith("."), f"the ending {ending!r} does not start with a dot"
        assert ending == ending.lower(), f"the ending {ending!r} is not in lower case"
    for start in (b"", b"\0" * 512):
        assert decoder.recognizes(start) in (True, False), "recognizes does not return a bool"
    assert not decoder.recognizes(b""), "it recognizes an empty file"
    assert isinstance(decoder.missing(), str), "missing() does not return a string"


def _check_file(decoder: Decoder, content: bytes) -> None:
    info = decoder.info(io.BytesIO(content))
    assert isinstance(info, ImageInfo), f"info returns {info!r}, not an ImageInfo"
    assert info.n_frames >= 1, f"n_frames is {info.n_frames}"
    dtype, several = decoder.header(io.BytesIO(content))
    assert (str(dtype), several) == (info.dtype, info.n_frames > 1), (
        f"header says {dtype}, several={several}, but info {info}"
    )
    for frame in sorted({0, info.n_frames // 2, info.n_frames - 1}):
        told = decoder.info(io.BytesIO(content), frame)
        pixels = decoder.pixels(io.BytesIO(content), frame)
        shape = (told.height, told.width, told.channels)
        assert np.shape(pixels) == shape, f"pixels of frame {frame} are {np.shape(pixels)}, {told}"
        _assert_dtype(np.asarray(pixels).dtype, told)
        again = decoder.pixels(io.BytesIO(content), frame)
        assert np.array_equal(pixels, again), f"frame {frame} is not the same when read again"


def _assert_dtype(dtype: np.dtype[Any], told: ImageInfo) -> None:
    """Floats of any size become float32, and truth values bytes."""
    name = {"f": "float32", "b": "uint8"}.get(dtype.kind, dtype.newbyteorder("=").name)
    assert dtype.kind in "buif", f"pixels are of {dtype}, not numbers"
    assert name == told.dtype, f"pixels are of {dtype}, but info says {told.dtype}"


def _check_no_such_frame(decoder: Decoder, content: bytes) -> None:
    n_frames = decoder.info(io.BytesIO(content)).n_frames
    try:
        decoder.picture(io.BytesIO(content), n_frames, _resizer())
    except Exception:
        return
    raise AssertionError(f"frame {n_frames} of {n_frames} is read")


def _resizer() -> Any:
    from skdl.images import Resizer

    return Resizer(None)


def _check_damage(decoder: Decoder, content: bytes) -> None:
    """Whatever the bytes, there is an image or an exception."""
    rng = np.random.default_rng(0)
    damaged = [content[: int(part * len(content))] for part in _PARTS]
    for place in rng.integers(0, len(content), _N_CHANGED).tolist():
        changed = bytearray(content)
        changed[place] ^= 255
        damaged.append(bytes(changed))
    for some in damaged:
        try:
            pixels = decoder.picture(io.BytesIO(some), 0, _resizer())
        except Exception:  # of any kind: it becomes an UnreadableImageError
            continue
        assert np.ndim(pixels) == 3, (
            f"a damaged file results in an array of shape {np.shape(pixels)}"
        )
    try:
        decoder.picture(io.BytesIO(content[: len(content) // 2]), 0, _resizer())
    except Exception:
        return
    raise AssertionError("half a file is read as an image")


def check_decoder(subject: Any, files: Iterable[Any] = ()) -> None:
    """Check that a decoder of image files fulfils all contracts.

    Parameters
    ----------
    subject : str or type
        A registered name, or a subclass of :class:`skdl.images.Decoder`.
    files : iterable of path-like or bytes, default=()
        Small files that the decoder reads, or their contents, all frames of which can be decoded.
        They are read complete, truncated and damaged. Without files, only what the decoder declares
        is checked.

    Raises
    ------
    AssertionError
        If contracts are broken. The message says which, and how.
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from skdl.testing import check_decoder
    >>> file = io.BytesIO()
    >>> np.save(file, np.arange(12.0).reshape(3, 4))
    >>> check_decoder("npy", [file.getvalue()])
    """
    run_all(DECODER, subject, plugins.decoders)
    decoder = _decoder(subject)
    for file in files:
        content = file if isinstance(file, bytes) else _content(file)
        for check in (_check_file, _check_no_such_frame, _check_damage):
            try:
                check(decoder, content)
            except Exception as failure:
                shown = "a file" if isinstance(file, bytes) else os.fspath(file)
                kind = "" if isinstance(failure, AssertionError) else f"{type(failure).__name__}: "
                raise AssertionError(
                    f"{type(decoder).__name__}, of {shown}: {kind}{failure}"
                ) from failure


def _content(path: Any) -> bytes:
    with open(path, "rb") as file:
        return file.read()
