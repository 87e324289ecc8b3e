"""What an audit says, in a terminal and on a page."""

import html.parser
import pickle

import numpy as np
import pytest
from PIL import Image

from skdl.audit import audit_images

N = 20


class Reader(html.parser.HTMLParser):
    """Tags, which must be closed in order, and text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def faulty(make_pictures):
    X = make_pictures(N)
    X[13], X[12] = X[1], X[0] // 2 + 20
    X[5] = 0
    y = np.repeat(["benign", "malignant"], N // 2)
    return audit_images(X, y, groups=[f"p{row // 2}" for row in range(N)])


def test_the_most_serious_comes_first(faulty):
    starts = [
        "2 pairs of copies or look-alikes are of different classes, such as",
        "2 pairs of copies or look-alikes are in different groups, such as",
        "2 of 20 images look like another one, in 1 pair, such as row 0 and row 12.",
        "1 of 20 images repeats another one pixel for pixel, such as row 1 and row 13.",
        "1 of 20 images is of one color, such as row 5: there is nothing to learn from.",
    ]
    found = faulty.findings
    assert len(found) == len(starts)
    for finding, start in zip(found, starts, strict=True):
        assert finding.startswith(start)


def test_summary(faulty):
    assert faulty.summary().to_dict("list") == {
        "table": [
            "unreadable", "copies", "look_alikes", "conflicts", "group_conflicts", "label_errors",
            "empty",
        ],
        "found": [0, 1, 1, 2, 2, 0, 1],
        "images": [0, 2, 2, 4, 4, 0, 1],
    }  # fmt: skip


def test_images_know_their_tables(faulty):
    table = faulty.images
    assert table["row"].tolist() == list(range(N))
    assert table.index[table["conflicts"]].tolist() == [0, 1, 12, 13]
    assert table.index[table["copies"]].tolist() == [1, 13]
    assert table.index[table["empty"]].tolist() == [5]
    assert table["group"].tolist() == faulty.groups.tolist()


def test_it_reads_well_in_a_terminal(faulty):
    lines = repr(faulty).splitlines()
    assert lines[:2] == ["Audit of 20 images, 2 classes, 9 groups", ""]
    assert max(map(len, lines)) <= 88
    assert [line[:2] for line in lines if line[:1].isdigit()] == ["1.", "2.", "3.", "4.", "5."]
    assert "DataFrame" not in repr(faulty)


def test_a_page_has_findings_and_tables(faulty):
    page = Reader(faulty._repr_html_())
    assert page.tags.count("li") == 5
    for finding in faulty.findings:
        assert finding in page.text
    for name in ("conflicts", "group_conflicts", "look_alikes", "copies", "empty", "sizes"):
        assert f"audit.{name}" in page.text
    assert "audit.unreadable" not in page.text  # it is empty


def test_a_long_table_shows_its_beginning(make_pictures):
    X = np.repeat(make_pictures(15), 2, axis=0)
    page = Reader(audit_images(X)._repr_html_())
    assert "Copies (10 of 30 rows: audit.copies)" in page.text


def test_foreign_text_does_nothing_to_a_page_or_a_terminal(make_pictures, tmp_path):
    folder = tmp_path / "<script>alert(1)</script>"
    folder.mkdir(parents=True)
    X = make_pictures(4)
    names = ["<b>&.png", "line\nbreak\x1b[31m.png", "\udcff.png", "turned\u202e.png"]
    paths = [f"{folder}/{name}" for name in names]
    for path, image in zip(paths, X[[0, 0, 2, 3]], strict=True):
        Image.fromarray(image).save(path)
    with open(paths[3], "wb") as file:
        file.write(b"<i>")
    audit = audit_images(paths, ["<u>a", "b\x07", "<u>a", "b\x07"])
    page = audit._repr_html_()
    assert not {"script", "b", "u", "i"} & set(Reader(page).tags)
    assert page.encode()
    for text in (repr(audit), *audit.findings):
        assert text.encode()
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\x07" not in text


def test_long_names_make_no_long_findings(make_pictures, tmp_path):
    X = make_pictures(4)
    X[2], X[3] = X[0], X[0]
    y = ["a" * 10**5, "b", "c" * 10**5, "b"]
    audit = audit_images(X, y, groups=["g" * 10**5, "p", "q", "r"])
    assert max(map(len, audit.findings)) < 2000
    X = make_pictures(20) // 2
    X[10:] += 127
    audit = audit_images(X, np.repeat(["a" * 10**5, "b" * 10**5], 10))
    assert "alone tells the classes apart" in audit.findings[0]
    assert max(map(len, audit.findings)) < 2000
    assert len(audit._repr_html_()) < 50_000
    missing = audit_images(["m" * 10**4 + ".png"])
    assert max(map(len, missing.findings)) < 2000


def test_it_is_frozen_and_pickles(faulty):
    with pytest.raises(AttributeError):
        faulty.groups = None
    again = pickle.loads(pickle.dumps(faulty))
    assert again.findings == faulty.findings
    assert (again.groups == faulty.groups).all()
