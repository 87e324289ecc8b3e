"""Digits as image files."""

from PIL import Image
from sklearn.datasets import load_digits


def write_digits(root, labels=(3, 8), n=60):
    """Digits of 8×8 pixels as PNG files, in a folder for each class."""
    digits = load_digits()
    chosen = [row for row in range(len(digits.target)) if digits.target[row] in labels][:n]
    for row in chosen:
        folder = root / str(digits.target[row])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[row] * 15).astype("uint8")).save(folder / f"{row}.png")
    return root
