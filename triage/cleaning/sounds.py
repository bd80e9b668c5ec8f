"""Sounds without what stands beside the sound: titles, authors, places, devices, pictures. Pure.

Of each kind only what it takes to hear it is copied; a part that we do not know is left out, not copied. Nothing
is decoded, so nothing of it is lost. Why no library does this: docs/decisions/026.
"""

from __future__ import annotations

from collections.abc import Callable

from triage.cleaning import boxes, pages


class NotASound(Exception):
    """It begins like a sound and is none."""


def bare(content: bytes, content_type: str) -> bytes:
    """The sound alone. Raises NotASound where nothing of one is found."""
    found = WAYS[content_type](content)
    if not found:
        raise NotASound
    return found


# ---------------------------------------------------------------- MP3 and AAC: frames, one after another

# kbit/s by index: MPEG 1 layers I, II, III, then MPEG 2 and 2.5 layer I, and their layers II and III.
RATES = {
    (3, 3): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3_length(head: bytes) -> int:
    """The length of the frame that begins here, 0 where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 0 or rate in (0, 15) or hertz == 3:
        return 0
    bits = RATES[3 if version == 3 else 2, layer][rate] * 1000
    if layer == 3:
        return (12 * bits // HERTZ[version][hertz] + padding) * 4
    samples = 72 if layer == 1 and version != 3 else 144
    return samples * bits // HERTZ[version][hertz] + padding


def _aac_length(head: bytes) -> int:
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0


def _frames(content: bytes, length_of: Callable[[bytes], int]) -> bytes:
    """Every frame that another follows, or that ends the file; whatever lies between frames is left out."""
    kept, at, end = bytearray(), _past_id3(content, 0), len(content)
    while at < end - 4:
        length = length_of(content[at:at + 7])
        after = at + length
        if length and after <= end and (length_of(content[after:after + 7]) or _is_end(content, after)):
            kept += content[at:after]
            at = after
        elif content.startswith(b"ID3", at):
            at = max(_past_id3(content, at), at + 3)
        else:
            found = content.find(b"\xff", at + 1)
            at = found if found >= 0 else end
    return bytes(kept)


def _is_end(content: bytes, at: int) -> bool:
    return at >= len(content) - 4 or content.startswith((b"TAG", b"APETAGEX", b"ID3", b"LYRICSBEGIN"), at)


def _past_id3(content: bytes, at: int) -> int:
    if not content.startswith(b"ID3", at) or len(content) < at + 10:
        return at
    size = 0
    for seven in content[at + 6:at + 10]:
        size = size << 7 | seven & 0x7F
    return at + 10 + size


# ---------------------------------------------------------------- WAV and AMR


def _wav(content: bytes) -> bytes:
    """Its format and its data, and no other chunk."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return b""
    kept, at = bytearray(), 12
    while at + 8 <= len(content):
        name, size = content[at:at + 4], int.from_bytes(content[at + 4:at + 8], "little")
        part = content[at + 8:at + 8 + size]
        if name in (b"fmt ", b"fact", b"data"):
            kept += name + len(part).to_bytes(4, "little") + part + b"\0" * (len(part) % 2)
        at += 8 + size + size % 2
    return b"RIFF" + (len(kept) + 4).to_bytes(4, "little") + b"WAVE" + kept if b"data" in kept else b""


AMR_SIZES = {b"#!AMR\n": (12, 13, 15, 17, 19, 20, 26, 31, 5), b"#!AMR-WB\n": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)}


def _amr(content: bytes) -> bytes:
    """Its frames up to the first thing that is none."""
    head = next((each for each in AMR_SIZES if content.startswith(each)), b"")
    if not head:
        return b""
    sizes, at = AMR_SIZES[head], len(head)
    while at < len(content) and content[at] & 0x83 == 0:
        kind = content[at] >> 3 & 15
        size = sizes[kind] if kind < len(sizes) else 0 if kind in (14, 15) else -1
        if size < 0 or at + 1 + size > len(content):
            break
        at += 1 + size
    return content[:at] if at > len(head) else b""


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "audio/mpeg": lambda content: _frames(content, _mp3_length),
    "audio/aac": lambda content: _frames(content, _aac_length),
    "audio/wav": _wav, "audio/amr": _amr, "audio/ogg": pages.without_comments, "audio/mp4": boxes.without_extras,
}
