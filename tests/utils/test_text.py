"""Numbers of things in messages."""

from skdl._utils.text import counted


def test_things_are_counted_in_words():
    assert counted(1, "file") == "1 file"
    assert counted(1200, "file") == "1,200 files"
    assert counted(0, "entry is", "entries are") == "0 entries are"
