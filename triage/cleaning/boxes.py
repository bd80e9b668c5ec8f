"""Sound in MP4 (M4A): every box that is not needed to hear it is written over, in place, so that every place stays.

    box: length (4) | name (4) | length again (8), where the first was 1 | content
"""

from __future__ import annotations

from collections.abc import Iterator

# Boxes that hold boxes, and boxes that are kept with what is in them; all others become empty room.
HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"mvex", b"moof", b"traf"})
NEEDED = frozenset({
    b"ftyp", b"mdat", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"smhd", b"dref", b"stsd", b"stts", b"stsc", b"stsz", b"stco",
    b"co64", b"elst", b"ctts", b"stss", b"sgpd", b"sbgp", b"mfhd", b"tfhd", b"tfdt", b"trun", b"trex", b"free",
})
TIMED = frozenset({b"mvhd", b"tkhd", b"mdhd"})  # with the moments of its making and its last change
HANDLER = b"hdlr"
NAME_AT = 24  # in a handler: after version, predefined, kind and reserved a free text follows
DEEPEST = 8


def without_extras(content: bytes) -> bytes:
    """The same sound, nothing said of it. Empty where it has no sound, or a film."""
    kept = bytearray(content)
    end = _walk(kept, 0, len(kept), 0)
    whole = bytes(kept[:end])
    return whole if b"soun" in whole and b"vide" not in whole and b"mdat" in whole else b""


def _walk(kept: bytearray, start: int, end: int, depth: int) -> int:
    """Go through the boxes between two places; where the last whole one ends."""
    at = start
    for name, body, after in _boxes(kept, start, end):
        if name in HOLDERS and depth < DEEPEST:
            _walk(kept, body, after, depth + 1)
        elif name in NEEDED:
            _bare(kept, name, body, after)
        else:
            kept[at + 4:at + 8] = b"free"
            kept[body:after] = bytes(after - body)
        at = after
    if depth and at < end:
        kept[at:end] = bytes(end - at)
    return at


def _boxes(kept: bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    at = start
    while at + 8 <= end:
        length, body = int.from_bytes(kept[at:at + 4]), at + 8
        name = bytes(kept[at + 4:at + 8])
        if length == 1:
            length, body = int.from_bytes(kept[at + 8:at + 16]), at + 16
        after = end if length == 0 else at + length
        if after < body or after > end:
            return
        yield name, body, after
        at = after


def _bare(kept: bytearray, name: bytes, body: int, after: int) -> None:
    if name == b"free":
        kept[body:after] = bytes(after - body)
    elif name in TIMED and after - body >= 20:
        wide = 16 if kept[body] == 1 else 8  # two moments, each of eight or of four bytes
        kept[body + 4:body + 4 + wide] = bytes(wide)
    elif name == HANDLER and after - body > NAME_AT:
        kept[body + NAME_AT:after] = bytes(after - body - NAME_AT)
