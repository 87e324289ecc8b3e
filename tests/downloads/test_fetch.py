"""Downloads from a server on this machine: verified, repeated, whole or not at all."""

import errno
import gzip
import hashlib
import os
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from helpers import run_python

from skdl.downloads import RemoteFile, _fetch, fetch, fetch_content, get_data_home

CONTENT = bytes(range(256)) * 2000


class Server:
    """Answers in turn; the last answer is repeated."""

    def __init__(self):
        self.answers = ["good"]
        self.asked = []
        self.body = CONTENT
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                server.answer(self)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def answer(self, handler):
        kind = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if kind == "missing":
            handler.send_error(404)
            return
        body = self.body if kind != "wrong" else b"?" + self.body[1:]
        body = body[: len(body) // 2] if kind == "short" else body
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if kind == "killed":  # half of what was announced
            body = body[: len(body) // 2]
        handler.wfile.write(body)

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_fetch, "_PAUSE", 0.0)
    server = Server()
    yield server
    server.close()


@pytest.fixture
def file(server):
    digest = hashlib.sha256(CONTENT).hexdigest()
    return RemoteFile("folder/file.bin", (f"{server.url}file.bin",), digest, len(CONTENT))


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_file_is_downloaded_once(server, file, tmp_path):
    path = fetch(file, data_home=tmp_path)
    assert path == tmp_path / "folder" / "file.bin"
    assert path.read_bytes() == CONTENT
    assert fetch(file, data_home=tmp_path) == path
    assert fetch_content(file, data_home=tmp_path) == CONTENT
    assert server.asked == ["/file.bin"]
    assert files_below(tmp_path) == ["folder/file.bin"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("failure", ["wrong", "short", "killed", "missing"])
def test_failures_are_repaired_by_trying_again(server, file, tmp_path, failure):
    server.answers = [failure, failure, "good"]
    assert fetch(file, data_home=tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 3
    assert files_below(tmp_path) == ["folder/file.bin"]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("wrong", "the sha256 of its content is [0-9a-f]{64}, expected [0-9a-f]{64}"),
        ("short", "its content has 256,000 bytes, expected 512,000"),
        ("killed", "failed: .*IncompleteRead"),
        ("missing", "failed: 404 Client Error"),
    ],
)
def test_failures_that_last_leave_nothing(server, file, tmp_path, failure, reason):
    server.answers = [failure]
    with pytest.raises(ConnectionError, match=reason) as error:
        fetch(file, data_home=tmp_path, retries=1)
    message = str(error.value)
    assert message.startswith(f"The file '{tmp_path}/folder/file.bin' could not be downloaded. Put")
    assert server.url in message
    assert "Tried 2 times" in message
    assert len(server.asked) == 2
    assert files_below(tmp_path) == []


def test_the_second_address(server, file, tmp_path):
    elsewhere = replace(file, urls=(f"{server.url}first", f"{server.url}second"))
    server.answers = ["wrong", "good"]
    assert fetch(elsewhere, data_home=tmp_path, retries=0).read_bytes() == CONTENT
    assert server.asked == ["/first", "/second"]


def test_no_network(server, file, tmp_path):
    server.close()
    with pytest.raises(ConnectionError, match="Put the file from http://127") as error:
        fetch(file, data_home=tmp_path)
    assert "SKDL_DATA_HOME" in str(error.value)
    assert files_below(tmp_path) == []


def test_offline(server, file, tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        fetch(file, data_home=tmp_path, download_if_missing=False)
    message = str(error.value)
    assert f"There is no file '{tmp_path}/folder/file.bin'" in message
    assert f"Put the file from {server.url}file.bin" in message
    assert server.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_another_content_is_refused_and_kept(server, file, tmp_path):
    path = tmp_path / "folder" / "file.bin"
    path.parent.mkdir()
    for content, reason in (
        (CONTENT[:-1], "has 511,999 bytes, expected 512,000"),
        (CONTENT + b"?", "has more than 512,000 bytes, expected 512,000"),
        (b"?" + CONTENT[1:], f"expected {file.sha256}"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=reason) as error:
            fetch(file, data_home=tmp_path)
        assert str(error.value).startswith(f"The file '{path}' is not the right one")
        assert "Delete it, so that it is downloaded again" in str(error.value)
        assert path.read_bytes() == content
    assert server.asked == []


def test_compressed_files_are_known_by_their_content(server, file, tmp_path):
    zipped = replace(file, name="file.gz", compressed=True)
    server.body = gzip.compress(CONTENT)
    path = fetch(zipped, data_home=tmp_path)
    assert path.read_bytes() == server.body
    for level in (1, 9):
        path.write_bytes(gzip.compress(CONTENT, level))
        assert fetch_content(zipped, data_home=tmp_path) == CONTENT
    path.write_bytes(CONTENT)  # not compressed at all
    assert fetch_content(zipped, data_home=tmp_path) == CONTENT
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[: len(data) // 2], "is damaged: "),
        (lambda data: data[:100] + bytes(20) + data[120:], "is damaged: |is not the right one"),
        (lambda data: data[:-8] + bytes(8), "is damaged: CRC check failed"),
        (lambda data: gzip.compress(CONTENT + bytes(1)), "has more than 512,000 bytes"),
        (lambda data: gzip.compress(CONTENT[:-1] + b"?"), "the sha256 of its content, decompr"),
        (lambda data: b"", "has 0 bytes"),
    ],
)
def test_damaged_compressed_files(file, tmp_path, damage, reason):
    path = tmp_path / "file.gz"
    path.write_bytes(damage(gzip.compress(CONTENT)))
    with pytest.raises(ValueError, match=reason) as error:
        fetch_content(replace(file, name="file.gz", compressed=True), data_home=tmp_path)
    assert str(path) in str(error.value)


def test_what_an_interrupt_leaves(server, file, tmp_path, monkeypatch):
    import pooch

    def interrupt(self, url, output_file, pooch):
        with open(output_file, "wb") as part:
            part.write(CONTENT[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(file, data_home=tmp_path)
    assert files_below(tmp_path) == []


def test_what_a_killed_process_leaves_is_no_file_and_goes_later(server, file, tmp_path):
    (tmp_path / "folder").mkdir()
    parts = [tmp_path / "folder" / f".file.bin.{name}.part" for name in ("1-old", "2-new")]
    for part in parts:
        part.write_bytes(CONTENT[:1000])
    os.utime(parts[0], (time.time() - 10**6,) * 2)
    fetch(file, data_home=tmp_path)
    assert files_below(tmp_path) == ["folder/.file.bin.2-new.part", "folder/file.bin"]


PLACE = (
    "Choose another place with the environment variable SKDL_DATA_HOME or the parameter data_home"
)


def test_a_data_home_that_cannot_be_written_to(server, file, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(PermissionError, match=PLACE):
        fetch(file, data_home=tmp_path)


@pytest.mark.parametrize(
    "number", [errno.EROFS, errno.EACCES, errno.ENOENT, errno.ENOSPC, errno.ENAMETOOLONG]
)
def test_a_data_home_that_cannot_be_made(server, file, tmp_path, monkeypatch, number):
    def fail(path, *args, **kwargs):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(OSError, match=PLACE) as error:
        fetch(file, data_home=tmp_path / "home")
    assert type(error.value) is type(OSError(number, ""))
    assert str(error.value).startswith(f"The folder '{tmp_path}/home/folder' cannot be ")
    assert os.strerror(number) in str(error.value)
    assert server.asked == []


def test_no_room_for_a_download(server, file, tmp_path, monkeypatch):
    import pooch

    def fail(self, url, output_file, pooch):
        Path(output_file).write_bytes(CONTENT[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fail)
    with pytest.raises(OSError, match="cannot be written: No space left on device. ") as error:
        fetch(file, data_home=tmp_path)
    message = str(error.value)
    assert message.startswith(f"'{tmp_path}/folder/file.bin' cannot be written")
    assert (
        "Free disk space and try again, or choose another place with the environment vari"
        in message
    )
    assert error.value.errno == errno.ENOSPC
    assert files_below(tmp_path) == []


def test_a_file_that_must_not_be_read(server, file, tmp_path, monkeypatch):
    path = fetch(file, data_home=tmp_path)

    def fail(path, compressed):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(_fetch, "_open_content", fail)
    with pytest.raises(PermissionError, match=f"The file '{path}' cannot be read: Permission den"):
        fetch(file, data_home=tmp_path)


def test_a_file_where_a_folder_should_be(server, file, tmp_path):
    (tmp_path / "folder").write_text("mine")
    with pytest.raises(FileExistsError, match=f"cannot be created, .* is a file. {PLACE}"):
        fetch(file, data_home=tmp_path)
    with pytest.raises(FileExistsError, match=f"cannot be created, .* is a file. {PLACE}"):
        fetch(file, data_home=tmp_path / "folder")
    assert (tmp_path / "folder").read_text() == "mine"


@pytest.mark.parametrize("download_if_missing", [True, False])
def test_a_folder_where_a_file_should_be(server, file, tmp_path, download_if_missing):
    (tmp_path / "folder" / "file.bin").mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match=r"file.bin' is a folder, .* Move it away"):
        fetch(file, data_home=tmp_path, download_if_missing=download_if_missing)
    assert (tmp_path / "folder" / "file.bin").is_dir()
    assert server.asked == []


DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    "name",
    ["../../evil.bin", "a/../../evil.bin", "/etc/evil.bin", "C:/evil.bin", "..\\evil.bin", "", "."],
)
def test_names_that_leave_the_data_home(name):
    with pytest.raises(
        ValueError, match="The name of a RemoteFile must be a path in the data home"
    ):
        RemoteFile(name, ("https://example.org/a",), DIGEST, 1)


def test_one_address_is_one_address(server, file, tmp_path):
    single = RemoteFile("file.bin", f"{server.url}file.bin", DIGEST, len(CONTENT))
    assert single.urls == (f"{server.url}file.bin",)
    assert fetch(single, data_home=tmp_path).read_bytes() == CONTENT
    assert RemoteFile("a", ["x", "y"], DIGEST, 1) == RemoteFile("a", ("x", "y"), DIGEST, 1)
    for wrong in ((), [], None, 3, ("",), (3,), ""):
        with pytest.raises(ValueError, match="The urls of a RemoteFile must be addresses"):
            RemoteFile("a", wrong, DIGEST, 1)


def test_a_digest_in_capitals(server, file, tmp_path):
    loud = replace(file, sha256=DIGEST.upper())
    assert loud.sha256 == DIGEST
    assert fetch(loud, data_home=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("sha256", ["", "abc", DIGEST[:-1], DIGEST + "0", "g" * 64, None, 3])
def test_what_is_no_digest(sha256):
    with pytest.raises(
        ValueError, match="The sha256 of a RemoteFile must be 64 hexadecimal digits"
    ):
        RemoteFile("a", ("https://example.org/a",), sha256, 1)


MD5 = hashlib.md5(CONTENT).hexdigest()


def test_a_file_of_which_only_the_md5_is_known(server, tmp_path):
    urls, size = (f"{server.url}file.bin",), len(CONTENT)
    file = RemoteFile("file.bin", urls, None, size, md5=MD5.upper())
    assert file.md5 == MD5
    assert fetch(file, data_home=tmp_path).read_bytes() == CONTENT
    assert fetch(file, data_home=tmp_path, download_if_missing=False).exists()
    (tmp_path / "file.bin").write_bytes(b"?" + CONTENT[1:])
    with pytest.raises(
        ValueError, match=f"the md5 of its content is [0-9a-f]{{32}}, expected {MD5}"
    ):
        fetch(file, data_home=tmp_path)
    server.answers = ["wrong"]
    with pytest.raises(ConnectionError, match=f"the md5 of its content is .*, expected {MD5}"):
        fetch(replace(file, name="other.bin"), data_home=tmp_path, retries=0)
    assert not (tmp_path / "other.bin").exists()


def test_the_sha256_counts_where_both_are_known(server, tmp_path):
    urls, size = (f"{server.url}file.bin",), len(CONTENT)
    wrong = RemoteFile("file.bin", urls, "0" * 64, size, md5=MD5)
    with pytest.raises(ConnectionError, match="the sha256 of its content is "):
        fetch(wrong, data_home=tmp_path, retries=0)
    right = RemoteFile("file.bin", urls, DIGEST, size, md5="0" * 32)
    assert fetch(right, data_home=tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("md5", ["", MD5[:-1], DIGEST, "g" * 32, 3])
def test_what_is_no_md5(md5):
    with pytest.raises(ValueError, match="The md5 of a RemoteFile must be 32 hexadecimal digits"):
        RemoteFile("a", ("https://example.org/a",), None, 1, md5=md5)


def test_data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SKDL_DATA_HOME", "~/data")
    assert get_data_home() == tmp_path / "data"
    assert not get_data_home().exists()
    assert get_data_home("~/x") == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    assert get_data_home("relative") == tmp_path / "relative"
    monkeypatch.setenv("SKDL_DATA_HOME", "")
    assert get_data_home().name == "skdl"
    monkeypatch.delenv("SKDL_DATA_HOME")
    assert get_data_home().name == "skdl"


def test_pooch_is_imported_when_something_is_downloaded():
    run_python("import sys, skdl.datasets; assert not {'pooch', 'keras'} & set(sys.modules)")
