"""Which files of a folder are the store's."""

from stored import FORMAT


def test_nothing_is_made_before_it_is_needed(stored):
    assert stored.found(stored.keys(2)) == 0
    assert stored.store.info().of_this_format is False
    assert stored.store.verify().sound
    assert stored.store.clear() == 0
    stored.put(0)
    assert not stored.folder.exists()


def test_another_format_is_left_alone(stored):
    keys = stored.put(2)
    later = stored.folder / "features-v2" / ("ab" * 32) / "x.shard"
    later.parent.mkdir(parents=True)
    later.write_bytes(b"of the future")
    (stored.folder / "features-very-old").mkdir()
    assert stored.store.info().other_formats == ("features-v2",)
    assert stored.store.verify(repair=True).sound
    assert stored.found(keys) == 2
    stored.store.clear()
    assert later.read_bytes() == b"of the future"


def test_clear_leaves_other_files(stored):
    stored.put(2)
    stored.put(2, space={})
    place = stored.shards()[0].parent
    kept = [
        stored.folder / "notes.txt",
        stored.folder / "x.shard",
        stored.folder / FORMAT / "notes.shard",
        stored.folder / FORMAT / "mine" / "x.shard",
        place / "notes.txt",
        place / "notes.part",
    ]
    (place / ".x.shard.12-ab.part").touch()
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    size = sum(p.stat().st_size for p in stored.files()) - 4 * len(kept)
    assert stored.store.clear() == size
    assert stored.files() == sorted(kept)
    assert len(list((stored.folder / FORMAT).iterdir())) == 3


def test_clear_leaves_the_folder_itself(stored):
    stored.put(2)
    stored.store.clear()
    assert list(stored.folder.iterdir()) == []
