"""Files with words planted in every place where cameras, recorders and programs write who, where and with what."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from triage.cleaning.pages import TABLE

CANARY = "zqplanted"
GPS, SERIAL, AUTHOR = f"{CANARY}gps", f"{CANARY}serial", f"{CANARY}author"
WORDS = " ".join((GPS, SERIAL, AUTHOR))
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF about="{WORDS}"/></x:xmpmeta>'.encode()


def exif(orientation: int = 1) -> Image.Exif:
    """Maker, model, serial number, author, place and a remark."""
    made = Image.Exif()
    made[0x0112] = orientation
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298):
        made[tag] = WORDS
    made.get_ifd(0x8769).update({0xA431: SERIAL, 0xA430: AUTHOR, 0x9286: WORDS.encode(), 0xA435: SERIAL})
    made.get_ifd(0x8825).update({1: "S", 2: (1.0, 17.0, 31.0), 27: GPS.encode(), 29: "2026:11:21"})
    return made


def picture(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red on the left, blue on the right."""
    made = Image.new("RGB", size, (200, 20, 20))
    made.paste((20, 20, 200), (size[0] // 2, 0, size[0], size[1]))
    return made


def jpeg(orientation: int = 1, **more: object) -> bytes:
    """A photograph."""
    return saved(picture(), "JPEG", exif=exif(orientation), comment=WORDS.encode(), **more)


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    """An image as a file of a kind."""
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def png(mode: str = "RGB", *, after: bytes = b"") -> bytes:
    """A screenshot with remarks of three sorts."""
    said = PngInfo()
    said.add_text("Author", AUTHOR)
    said.add_text("Comment", WORDS, zip=True)
    said.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return saved(picture().convert(mode), "PNG", pnginfo=said, exif=exif()) + after


def pictures() -> Iterator[tuple[str, bytes]]:
    """Every kind of picture, by name."""
    for orientation in range(1, 9):
        yield f"jpeg-{orientation}", jpeg(orientation)
    yield "jpeg-xmp", jpeg(xmp=XMP)
    yield "jpeg-profile", jpeg(icc_profile=b"profile " + WORDS.encode())
    yield "jpeg-progressive", jpeg(progressive=True)
    yield "jpeg-behind-the-end", jpeg() + WORDS.encode()
    yield "jpeg-cut", jpeg()[:-40]
    yield "jpeg-cmyk", saved(picture().convert("CMYK"), "JPEG", exif=exif())
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1"):
        yield f"png-{mode}", png(mode)
    yield "png-behind-the-end", png(after=WORDS.encode())
    yield "gif", saved(picture(), "GIF", comment=WORDS.encode())
    yield "gif-moving", saved(picture(), "GIF", comment=WORDS.encode(), save_all=True, append_images=[picture()] * 3)
    yield "webp", saved(picture(), "WEBP", exif=exif(), xmp=XMP)
    yield "webp-lossless", saved(picture(), "WEBP", exif=exif(), xmp=XMP, lossless=True)
    yield "webp-moving", saved(picture(), "WEBP", exif=exif(), save_all=True, append_images=[picture()] * 2)


# ---------------------------------------------------------------- sounds


def id3(version: int = 3) -> bytes:
    """A tag at the beginning of an MP3."""
    text = b"\0" + WORDS.encode()
    body = b"".join(name + len(text).to_bytes(4) + b"\0\0" + text for name in (b"TPE1", b"TIT2", b"COMM", b"TXXX"))
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, 0)) + size + body


def mp3_frames(count: int = 20) -> bytes:
    """Silence: MPEG 1 layer III, 128 kbit/s, 44.1 kHz."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * count


def id3v1() -> bytes:
    """A tag at the end of an MP3."""
    return b"TAG" + WORDS.encode().ljust(125, b"\0")[:125]


def ape() -> bytes:
    """Another sort of tag at the end."""
    return b"APETAGEX" + WORDS.encode() * 3


def wav(*extra: bytes) -> bytes:
    """Silence with other chunks round it."""
    fmt = b"fmt " + (16).to_bytes(4, "little") + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    data = b"data" + (1600).to_bytes(4, "little") + bytes(1600)
    inner = b"WAVE" + extra[0] + fmt + data + b"".join(extra[1:])
    return b"RIFF" + len(inner).to_bytes(4, "little") + inner


def chunk(name: bytes) -> bytes:
    """A chunk of a WAV with words in it."""
    text = WORDS.encode() + b" " * (len(WORDS) % 2)
    return name + len(text).to_bytes(4, "little") + text


def page(number: int, flags: int, *packets: bytes) -> bytes:
    """One page of an Ogg stream, with its sum."""
    lengths = b"".join(b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,)) for packet in packets)
    head = (b"OggS\0" + bytes((flags,)) + bytes(8) + b"\x01\x02\x03\x04" + number.to_bytes(4, "little") + bytes(4)
            + bytes((len(lengths),)) + lengths)
    whole = head + b"".join(packets)
    return whole[:22] + checksum(whole).to_bytes(4, "little") + whole[26:]


def checksum(whole: bytes) -> int:
    """The sum of a page whose own four bytes are zero."""
    crc = 0
    for byte in whole:
        crc = crc << 8 & 0xFFFFFFFF ^ TABLE[crc >> 24 ^ byte]
    return crc


def opus(words: str = WORDS) -> bytes:
    """A voice message as telephones send it."""
    text = f"ARTIST={words}".encode()
    tags = b"OpusTags" + (4).to_bytes(4, "little") + b"zqpl" + (1).to_bytes(4, "little") + (
        len(text).to_bytes(4, "little") + text)
    return page(0, 2, b"OpusHead\x01\x01" + bytes(9)) + page(1, 0, tags) + page(2, 4, b"\xfc\xff\xfe" * 20)


def vorbis() -> bytes:
    """The older kind."""
    text = f"LOCATION={WORDS}".encode()
    tags = (b"\x03vorbis" + (9).to_bytes(4, "little") + CANARY.encode() + (1).to_bytes(4, "little")
            + len(text).to_bytes(4, "little") + text + b"\x01")
    return page(0, 2, b"\x01vorbis" + bytes(23)) + page(1, 0, tags, b"\x05vorbis" + bytes(40)) + page(2, 4, bytes(90))


def box(name: bytes, *inside: bytes) -> bytes:
    """One box of an MP4."""
    content = b"".join(inside)
    return (len(content) + 8).to_bytes(4) + name + content


def m4a(*extra: bytes, brand: bytes = b"M4A ") -> bytes:
    """Sound in MP4, with boxes that say who."""
    handler = box(b"hdlr", bytes(8), b"soun", bytes(12), AUTHOR.encode())
    media = box(b"mdia", box(b"mdhd", bytes(4), b"\x11" * 8, bytes(12)), handler,
                box(b"minf", box(b"smhd", bytes(8)), box(b"stbl", box(b"stsd", bytes(8)), box(b"stco", bytes(8)))))
    track = box(b"trak", box(b"tkhd", bytes(4), b"\x22" * 8, bytes(72)), media, box(b"udta", WORDS.encode()))
    place = box(b"udta", box(b"\xa9xyz", GPS.encode()), box(b"meta", bytes(4), box(b"ilst", WORDS.encode())))
    film = box(b"moov", box(b"mvhd", bytes(4), b"\x33" * 8, bytes(88)), track, place)
    return box(b"ftyp", brand, bytes(4)) + film + b"".join(extra) + box(b"mdat", b"\x21\x10" * 100)


def sounds() -> Iterator[tuple[str, bytes]]:
    """Every kind of sound, by name."""
    yield "mp3-id3v2.3", id3() + mp3_frames()
    yield "mp3-id3v2.4", id3(4) + mp3_frames()
    yield "mp3-two-tags", id3() + id3(4) + mp3_frames()
    yield "mp3-id3v1", mp3_frames() + id3v1()
    yield "mp3-ape", mp3_frames() + ape() + id3v1()
    yield "mp3-in-the-middle", mp3_frames(10) + id3() + mp3_frames(10)
    yield "mp3-between-frames", mp3_frames(5) + WORDS.encode() + mp3_frames(5)
    yield "wav-info", wav(b"", chunk(b"LIST"))
    yield "wav-bext", wav(chunk(b"bext"), chunk(b"iXML"), chunk(b"id3 "))
    yield "wav-behind-the-end", wav(b"") + WORDS.encode()
    yield "amr", b"#!AMR\n" + (b"\x04" + bytes(12)) * 9 + b"\x80" + WORDS.encode()
    yield "amr-wb", b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 9 + b"\x80" + WORDS.encode()
    yield "opus", opus()
    yield "opus-behind-the-end", opus() + WORDS.encode()
    yield "opus-large-picture", opus(WORDS * 300)
    yield "vorbis", vorbis()
    yield "m4a", m4a()
    yield "m4a-extra-boxes", m4a(box(b"uuid", WORDS.encode()), box(b"meta", WORDS.encode()))
    yield "m4a-generic-brand", m4a(brand=b"mp42")
    yield "m4a-behind-the-end", m4a() + WORDS.encode()
    yield "aac", (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)) * 12 + WORDS.encode()
