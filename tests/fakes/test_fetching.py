"""The official descriptions are those that were locked."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile

import pytest

from tests.fakes.fetching import LOCK, OFFICIAL, Locked, locked, taken


def archive(name: str, content: bytes) -> bytes:
    """A package as npm packs it."""
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w:gz") as opened:
        told = tarfile.TarInfo(f"package/{name}")
        told.size = len(content)
        opened.addfile(told, io.BytesIO(content))
    return kept.getvalue()


def test_the_wanted_file_is_taken_of_the_locked_archive() -> None:
    packed = archive("api.json", b"{}")
    name = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    assert taken(packed, Locked("some@1.0.0", name, "api.json")) == b"{}"


def test_another_archive_is_refused() -> None:
    with pytest.raises(ValueError, match="not what was locked"):
        taken(archive("api.json", b"{}"), Locked("some@1.0.0", "sha512-other", "api.json"))


def test_everything_that_is_locked_was_fetched() -> None:
    found = [*locked(LOCK.read_text("utf-8"))]
    assert found
    for one in found:
        assert one.hash.startswith("sha512-")
        assert (OFFICIAL / one.file.rpartition("/")[2]).exists(), "run `make setup-test`"
