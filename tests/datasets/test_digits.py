"""scikit-learn's digits as images."""

from skdl.datasets import load_digits_images
from skdl.images import learn_value_range
from skdl.testing import parametrize_with_contracts


@parametrize_with_contracts(["digits"])
def test_contracts(subject, contract):
    contract(subject)


def test_digits():
    bunch = load_digits_images()
    assert bunch.data.shape == (1797, 8, 8)
    assert bunch.images is bunch.data
    assert learn_value_range(bunch.data) == (0.0, 16.0)
    assert bunch.target_names.tolist() == list("0123456789")
    assert "scikit-learn" in bunch.DESCR
