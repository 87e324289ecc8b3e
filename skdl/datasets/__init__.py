"""Images and labels: public data sets, folders of image files, tables of features.

In skdl, `data` is the batch of images itself, as every estimator accepts it, and `images` is the
same array. Nothing here imports TensorFlow.

Decisions: docs/decisions.md#folders-tables-and-data-sets.
"""

from skdl.datasets._cifar import load_cifar10
from skdl.datasets._describe import describe_images
from skdl.datasets._digits import load_digits_images
from skdl.datasets._folder import load_image_folder
from skdl.datasets._found import FoundFile, find_image_files
from skdl.datasets._load import load_dataset
from skdl.datasets._mnist import load_fashion_mnist, load_mnist
from skdl.datasets._patterns import check_patterns
from skdl.datasets._table import load_feature_csv

__all__ = [
    "describe_images",
    "load_cifar10",
    "load_dataset",
    "load_digits_images",
    "load_fashion_mnist",
    "load_feature_csv",
    "load_image_folder",
    "load_mnist",
]
