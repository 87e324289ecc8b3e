"""Image batches: shapes, value ranges and files, in plain NumPy.

Every estimator, transformer and plot of skdl reads its ``X`` through the functions of this package,
so that one rule decides what an array means:

=========================================  =========================================================
``X``                                      meaning
=========================================  =========================================================
``(n, h, w, c)``                           images of any number of channels, channels last; more
                                           channels than pixels per side need ``image_shape``
``(n, h, w)``                              grayscale images
``(n, features)``, ``image_shape`` given   flattened images
``(n, features)``, no ``image_shape``      a square image if ``features`` is a square, or three
                                           times one (RGB); otherwise a strip one pixel high
paths of shape (n,)                        image files: an array, list, Series or DataFrame of one
                                           column; decoded when needed
arrays or pictures of shape (n,)           the same, with images all of one size: stacked
=========================================  =========================================================

Decisions: docs/decisions.md#image-arrays-and-value-ranges.
"""

from skdl.images._archives import (
    SUFFIXES,
    is_archive,
    link_targets,
    member_names,
    read_bytes,
    size_of,
)
from skdl.images._arrays import (
    ImageShape,
    check_image_array,
    infer_image_shape,
    to_images,
)
from skdl.images._batch import ImageArray, ImageBatch
from skdl.images._choosing import (
    START,
    ending_of_image,
    image_without_ending,
    is_image_name,
    what_reads,
)
from skdl.images._decoders.base import Decoder
from skdl.images._decoders.dicom import DicomDecoder
from skdl.images._decoding import (
    CHOOSE_A_FRAME,
    holds_several,
    read_image,
    read_image_info,
    untold,
)
from skdl.images._door import holds_images, read_batch
from skdl.images._facts import measure_images
from skdl.images._files import ImageFiles
from skdl.images._format import ImageFormat
from skdl.images._info import Frame, ImageInfo, UnreadableImageError
from skdl.images._paths import find_paths, require_paths
from skdl.images._pixel_limit import adopt_pixel_limit, with_pixel_limit
from skdl.images._resizing import (
    CHANNELS,
    COLOR_CHANNELS,
    NEAR,
    Color,
    Resizer,
    as_picture,
    cast_pixels,
    check_colors,
    check_image_size,
    n_without_opacity,
)
from skdl.images._rows import as_rows
from skdl.images._value_range import (
    ValueRange,
    check_value_range,
    learn_from_values,
    learn_value_range,
    pixel_range,
    range_offset_and_scale,
    rescale,
)

__all__ = [
    "CHANNELS",
    "Decoder",
    "DicomDecoder",
    "ImageInfo",
    "UnreadableImageError",
    "check_image_array",
    "check_value_range",
    "infer_image_shape",
    "learn_value_range",
    "range_offset_and_scale",
    "read_image",
    "read_image_info",
    "rescale",
    "to_images",
]
