import pytest
from digit_files import write_digits


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("digits") / "digits")
