"""Numbers of things in messages."""

import pytest

from skdl._utils.text import counted, names_within


def test_things_are_counted_in_words():
    assert counted(1, "file") == "1 file"
    assert counted(1200, "file") == "1,200 files"
    assert counted(0, "entry is", "entries are") == "0 entries are"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/a/b/c/1.png", "/a/b/d/2.png"], ["c/1.png", "d/2.png"]),
        (["/a/b/1.png", "/a/b/2.png"], ["1.png", "2.png"]),
        (["/a/1.png", "/b/1.png"], ["a/1.png", "b/1.png"]),
        (["/a/b/1.png", "/a/bc/1.png"], ["b/1.png", "bc/1.png"]),
        (["1.png", "a/2.png"], ["1.png", "a/2.png"]),
        (["1.png", "/a/2.png"], ["1.png", "/a/2.png"]),
        ([], []),
    ],
)
def test_names_within_the_folder_of_all(paths, names):
    assert names_within(paths) == names
