"""Copies hold nothing of who made a file, where and with what; what harms whoever opens it harms nobody here."""

from __future__ import annotations

import io
import resource
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cleaning import planted
from tests.cleaning.planted import CANARY, box, checksum, jpeg, picture, saved
from tests.processes import figures
from triage.cleaning import child, kinds, sounds, washing

__all__ = ["figures"]

PLANTED = [*planted.pictures(), *planted.sounds()]
PDF = b"%PDF-1.4\n1 0 obj<</Author(zqplantedauthor)>>endobj"
MP4 = box(b"ftyp", b"isom", bytes(4)) + box(b"moov", b"vide") + box(b"mdat", b"x" * 99)


def found_in(content: bytes) -> bool:
    """Whether a planted word stands there, in any spelling that tags use."""
    spellings = [CANARY.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    opened = b""
    for at in range(len(content)):
        if content[at:at + 4] in (b"zTXt", b"iTXt"):
            opened += content[at:at + 400]
    return any(one in content + opened for one in spellings)


@pytest.mark.parametrize("name, content", PLANTED, ids=[name for name, _ in PLANTED])
def test_no_planted_word_is_in_a_copy(name: str, content: bytes) -> None:
    if not name.startswith(("png-L", "png-1", "png-P", "png-R")):  # there it is compressed as well
        assert found_in(content)
    said, copy = child.look(content)
    assert "refused" not in said, said
    assert copy
    assert not found_in(copy)
    again, _ = child.look(copy)
    assert again["type"] == said["clean"]


def test_there_are_more_than_forty_files_with_something_planted() -> None:
    assert len(PLANTED) > 40


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_the_right_way_up_in_its_copy(orientation: int) -> None:
    _, copy = child.look(jpeg(orientation))
    with Image.open(io.BytesIO(copy)) as shown:
        assert shown.size == ((60, 40) if orientation < 5 else (40, 60))
        assert dict(shown.getexif()) == {}
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(shown.info)


def test_a_large_picture_is_reduced() -> None:
    _, copy = child.look(saved(picture((5000, 1000)), "JPEG"))
    with Image.open(io.BytesIO(copy)) as shown:
        assert shown.size == (2000, 400)


def test_what_one_sees_through_stays_so() -> None:
    clear = Image.new("RGBA", (10, 10), (1, 2, 3, 0))
    _, copy = child.look(saved(clear, "PNG"))
    with Image.open(io.BytesIO(copy)) as shown:
        assert shown.mode == "RGBA"


# ---------------------------------------------------------------- sounds are still what they were


def test_an_mp3_keeps_its_frames_and_nothing_else() -> None:
    frames = planted.mp3_frames()
    for content in (planted.id3() + frames + planted.id3v1(), frames[:4170] + planted.id3() + frames[4170:]):
        assert sounds.bare(content, "audio/mpeg") == frames


def test_a_wav_keeps_its_data() -> None:
    copy = sounds.bare(planted.wav(planted.chunk(b"bext")), "audio/wav")
    assert copy == planted.wav(b"")


def test_an_ogg_stream_keeps_its_packets_and_its_sums_are_right() -> None:
    content = planted.opus(planted.WORDS * 300)
    copy = sounds.bare(content, "audio/ogg")
    assert len(copy) == len(content)
    assert copy.endswith(planted.page(2, 4, b"\xfc\xff\xfe" * 20))
    start = copy.index(b"OggS", 4)
    end = copy.index(b"OggS", start + 4)
    zeroed = copy[start:start + 22] + bytes(4) + copy[start + 26:end]
    assert copy[start + 22:start + 26] == checksum(zeroed).to_bytes(4, "little")


def test_an_m4a_keeps_every_place_and_its_sound_and_loses_its_moments() -> None:
    content = planted.m4a()
    copy = sounds.bare(content, "audio/mp4")
    assert len(copy) == len(content)
    assert copy[content.index(b"mdat"):] == content[content.index(b"mdat"):]
    assert not any(moment in copy for moment in (b"\x11" * 8, b"\x22" * 8, b"\x33" * 8))


@pytest.mark.parametrize("content_type", list(sounds.WAYS))
def test_what_only_begins_like_a_sound_is_none(content_type: str) -> None:
    for content in (b"", b"\xff", b"RIFF0000WAVE", b"OggS" + bytes(60), b"#!AMR\n", b"\0\0\0\x08ftyp", b"ID3" * 5):
        with pytest.raises(sounds.NotASound):
            sounds.bare(content, content_type)


# ---------------------------------------------------------------- what is kept, and what is not


@pytest.mark.parametrize("content, kind, content_type", [
    (PDF, "document", "application/pdf"), (MP4, "video", "video/mp4"),
    (box(b"ftyp", b"3gp5", bytes(4)) + b"x" * 20, "video", "video/3gpp"),
])
def test_what_has_no_copy_is_kept_as_it_came(content: bytes, kind: str, content_type: str) -> None:
    looked = washing.look(content)
    assert (looked.kind, looked.content_type, looked.clean, looked.refused) == (kind, content_type, None, None)


@pytest.mark.parametrize("content, content_type", [
    ("Kituo kimefungwa – sasa".encode(), "text/plain"), (b"BEGIN:VCARD\r\nFN:Asha\r\nEND:VCARD", "text/vcard")])
def test_words_are_their_own_copy(content: bytes, content_type: str) -> None:
    looked = washing.look(content)
    assert (looked.kind, looked.clean, looked.clean_type) == ("document", content, content_type)


REFUSED = {
    "html": b"<!doctype html><script>alert(1)</script>", "html later": b"hello <script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "xml": b'<?xml version="1.0"?><a/>',
    "program": b"\x7fELF" + bytes(60), "windows": b"MZ" + bytes(200), "script": b"#!/bin/sh\nrm -rf /",
    "zip": b"PK\x03\x04" + bytes(60), "rar": b"Rar!\x1a\x07\x00" + bytes(60), "php": b"<?php system($_GET[0]);",
    "heic": box(b"ftyp", b"heic", bytes(4)) + bytes(60), "avif": box(b"ftyp", b"avif", bytes(4)) + bytes(60),
    "bmp": b"BM" + bytes(60), "tiff": b"II*\0" + bytes(60), "ico": b"\0\0\1\0" + bytes(60), "psd": b"8BPS" + bytes(60),
    "mkv": b"\x1aE\xdf\xa3" + b"\x42\x82\x88matroska" + bytes(60), "rtf": b"{\\rtf1 hello}", "nothing": b"",
    "blank": b" \n ", "binary": bytes(range(256)), "utf-16": "hello".encode("utf-16"), "wasm": b"\0asm" + bytes(60),
    "jpeg only in name": b"\xff\xd8\xff\xe0" + b"<script>" * 20, "png only in name": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "gif and script": b"GIF89a/*" + b"*/=1;alert(1)//" * 9, "midi": b"MThd" + bytes(60), "7z": b"7z\xbc\xaf\x27\x1c",
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_not_on_the_list_is_refused(name: str) -> None:
    said, copy = child.look(REFUSED[name])
    assert said["refused"] in ("kind", "broken")
    assert copy == b""


def test_a_picture_with_a_page_behind_it_loses_the_page() -> None:
    _, copy = child.look(jpeg() + b"<html><script>alert(1)</script>")
    assert b"script" not in copy


# ---------------------------------------------------------------- bombs


def png_of(width: int, height: int, data: bytes) -> bytes:
    """A PNG by hand: it may promise what it does not hold."""
    def part(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", data) + part(b"IEND", b"")


BOMBS: dict[str, Callable[[], bytes]] = {
    "30,000 x 30,000 points": lambda: png_of(30_000, 30_000, zlib.compress(bytes(10_000_000), 9)),
    "two thousand million points": lambda: png_of(2**31 - 1, 1, b""),
    "a gigabyte in a remark": lambda: png_of(10, 10, b"")[:33] + _remark(200_000_000) + png_of(10, 10, b"")[33:],
    "a huge moving picture": lambda: saved(picture(), "GIF", save_all=True, append_images=[picture()] * 3)[:6] + (
        b"\xff\xff\xff\xff" + bytes(30)),
}


def _remark(size: int) -> bytes:
    content = b"Comment\0\0" + zlib.compress(bytes(size), 9)
    return len(content).to_bytes(4) + b"zTXt" + content + zlib.crc32(b"zTXt" + content).to_bytes(4)


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_bomb_ends_in_the_child_in_time(name: str, figures: Callable[[str], None]) -> None:
    content = BOMBS[name]()
    began = time.monotonic()
    looked = washing.look(content)
    figures(f"{name}: {len(content)} bytes, {looked.refused}, {time.monotonic() - began:.1f} s")
    assert looked.clean is None or len(looked.clean) < 1_000_000
    assert time.monotonic() - began < 15
    assert washing.look(jpeg()).clean is not None, "the next one is served"


def test_a_child_that_takes_too_much_or_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = "from triage.cleaning import child; child.limit(); x = bytearray(2**30)"
    monkeypatch.setattr(washing, "COMMAND", (*washing.COMMAND[:3], "-c", greedy))
    assert washing.look(b"x") == washing.HEAVY
    monkeypatch.setattr(washing, "SECONDS", -4)
    monkeypatch.setattr(washing, "COMMAND", (*washing.COMMAND[:3], "-c", "import time; time.sleep(60)"))
    assert washing.look(b"x") == washing.HEAVY


def test_the_child_can_write_no_file(tmp_path: Path) -> None:
    path = tmp_path / "written"
    writes = f"from triage.cleaning import child; child.limit(); open({str(path)!r}, 'w').write('x')"
    washing.subprocess.run([*washing.COMMAND[:3], "-c", writes], cwd=washing.config.ROOT, check=False)
    assert path.read_text() == ""


def test_forty_million_points_fit_into_the_child() -> None:
    for mode, kind in (("RGBA", "PNG"), ("P", "GIF"), ("RGB", "JPEG")):
        looked = washing.look(saved(Image.new(mode, (6300, 6300)), kind))
        assert looked.refused is None, (mode, kind, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def test_the_kinds_are_those_of_the_table() -> None:
    assert {found.kind for found in kinds.KNOWN.values()} <= set(washing.KINDS)
