"""What a file is, by its bytes alone; what is not on the list is not kept. Pure."""

from __future__ import annotations

from typing import NamedTuple

import filetype  # type: ignore[import-untyped]  # ships none

HEAD = 8192  # bytes that are looked at to find the kind
TEXT = "text/plain"
VCARD = "text/vcard"


class Found(NamedTuple):
    """A kind (`models.attachments.KINDS`), its content type, and the ending of a file of it."""

    kind: str
    content_type: str
    ending: str


JPEG, PNG = Found("image", "image/jpeg", "jpg"), Found("image", "image/png", "png")
GIF, WEBP = Found("image", "image/gif", "gif"), Found("image", "image/webp", "webp")
MP3, WAV = Found("audio", "audio/mpeg", "mp3"), Found("audio", "audio/wav", "wav")
OGG, AMR = Found("audio", "audio/ogg", "ogg"), Found("audio", "audio/amr", "amr")
M4A, AAC = Found("audio", "audio/mp4", "m4a"), Found("audio", "audio/aac", "aac")
MP4, THREEGP = Found("video", "video/mp4", "mp4"), Found("video", "video/3gpp", "3gp")
PDF = Found("document", "application/pdf", "pdf")
PLAIN, CARD = Found("document", TEXT, "txt"), Found("document", VCARD, "vcf")
OTHER = Found("other", "application/octet-stream", "bin")

# What filetype calls it -> what it is here. Nothing else is kept, whatever it is.
KNOWN = {
    "image/jpeg": JPEG, "image/png": PNG, "image/apng": PNG, "image/gif": GIF, "image/webp": WEBP,
    "audio/mpeg": MP3, "audio/x-wav": WAV, "audio/wav": WAV, "audio/ogg": OGG, "audio/amr": AMR,
    "audio/mp4": M4A, "audio/x-m4a": M4A, "audio/m4a": M4A, "audio/aac": AAC,
    "video/mp4": MP4, "video/3gpp": THREEGP, "application/pdf": PDF,
}
BRANDS = {b"M4A ": M4A, b"M4B ": M4A, b"3gp": THREEGP, b"3g2": THREEGP}
MP4_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV", b"M4V ")
# A text that a browser or a program might take for more than text is not kept as text.
ACTIVE = (b"<!doctype", b"<html", b"<script", b"<svg", b"<?xml", b"<?php", b"#!", b"<body", b"<iframe", b"{\\rtf")
CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def find(content: bytes) -> Found:
    """What `content` is; OTHER where it is nothing that we keep."""
    boxed = _boxed(content)
    if boxed is not None:
        return boxed
    guess = filetype.guess(content[:HEAD])
    if guess is not None:
        return KNOWN.get(guess.mime, OTHER)
    return _sounds(content) or _words(content)


def _boxed(content: bytes) -> Found | None:
    """MP4 and its kin by the brand they name: filetype knows only some, and takes pictures (HEIC) for films."""
    if content[4:8] != b"ftyp":
        return None
    brand = content[8:12]
    special = BRANDS.get(brand) or BRANDS.get(brand[:3])
    if special is None and brand in MP4_BRANDS:
        special = MP4 if b"vide" in content or b"moov" not in content else M4A
    return special or OTHER


def _sounds(content: bytes) -> Found | None:
    """What telephones send and filetype overlooks."""
    if content.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return AMR
    if len(content) > 7 and content[0] == 0xFF and content[1] & 0xF6 == 0xF0:
        return AAC
    return MP3 if len(content) > 4 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2 else None


def _words(content: bytes) -> Found:
    """Plain text or a visiting card, in UTF-8, without anything that acts."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:HEAD].lower()
    if not content.strip() or any(sign in start for sign in ACTIVE) or CONTROLS.intersection(content):
        return OTHER
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return OTHER
    return CARD if start.startswith(b"begin:vcard") else PLAIN
