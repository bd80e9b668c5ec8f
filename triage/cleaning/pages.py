"""Ogg: the comments of a Vorbis, Opus or Speex stream written over, in place, so that every length stays. Pure.

    page: OggS | version | flags | position (8) | stream (4) | number (4) | CRC (4) | count | lengths | packets
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"OggS"
HEAD = 27
CRC_AT = 22
FIRST = (b"OpusHead", b"\x01vorbis", b"Speex   ")
VORBIS, OPUS = b"\x03vorbis", b"OpusTags"
POLYNOMIAL = 0x04C11DB7


@dataclass
class _Page:
    start: int
    body: int
    end: int
    lengths: bytes

    def pieces(self) -> Iterator[tuple[int, int, bool]]:
        """From where to where each packet, or part of one, goes, and whether it ends here."""
        at = begin = self.body
        for length in self.lengths:
            at += length
            if length < 255:
                yield begin, at, True
                begin = at
        if begin < at:
            yield begin, at, False


def without_comments(content: bytes) -> bytes:
    """The same stream, nothing said of it. Empty where it is not one stream of sound that we know."""
    found = list(_pages(content))
    if not found or not content.startswith(FIRST, found[0].body):
        return b""
    stream = content[found[0].start + 14:found[0].start + 18]
    if any(content[page.start + 14:page.start + 18] != stream for page in found):
        return b""
    kept = bytearray(b"".join(content[page.start:page.end] for page in found))
    return bytes(kept) if _blank(kept, list(_pages(bytes(kept)))) else b""


def _pages(content: bytes) -> Iterator[_Page]:
    at = 0
    while content.startswith(MAGIC, at) and at + HEAD < len(content):
        count = content[at + HEAD - 1]
        lengths = content[at + HEAD:at + HEAD + count]
        body = at + HEAD + count
        end = body + sum(lengths)
        if end > len(content):
            return
        yield _Page(at, body, end, lengths)
        at = end


def _blank(kept: bytearray, pages: list[_Page]) -> bool:
    """Write over the second packet, which holds the comments, wherever its pieces lie; whether it was there."""
    pieces, touched = [], []
    number = 0
    for page in pages:
        for start, end, whole in page.pieces():
            if number == 1:
                pieces.append((start, end))
                touched.append(page)
            number += whole
        if number > 1:
            break
    packet = b"".join(kept[start:end] for start, end in pieces)
    said = iter(_nothing(packet))
    for start, end in pieces:
        kept[start:end] = bytes(next(said) for _ in range(end - start))
    for page in {id(page): page for page in touched}.values():
        _sign(kept, page)
    return number > 1


def _nothing(packet: bytes) -> bytes:
    """Comments of the same length that say nothing: a name of spaces, and no remark."""
    head = VORBIS if packet.startswith(VORBIS) else OPUS if packet.startswith(OPUS) else b""
    tail = b"\x01" if head == VORBIS else b""
    room = len(packet) - len(head) - len(tail) - 8
    if room < 0:
        return bytes(len(packet))
    return head + room.to_bytes(4, "little") + b" " * room + bytes(4) + tail


def _sign(kept: bytearray, page: _Page) -> None:
    kept[page.start + CRC_AT:page.start + CRC_AT + 4] = bytes(4)
    crc = 0
    for byte in kept[page.start:page.end]:
        crc = crc << 8 & 0xFFFFFFFF ^ TABLE[crc >> 24 ^ byte]
    kept[page.start + CRC_AT:page.start + CRC_AT + 4] = crc.to_bytes(4, "little")


def _entry(value: int) -> int:
    rest = value << 24
    for _ in range(8):
        rest = (rest << 1 ^ POLYNOMIAL if rest & 0x80000000 else rest << 1) & 0xFFFFFFFF
    return rest


TABLE = [_entry(value) for value in range(256)]
