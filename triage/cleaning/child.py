"""The limited child: one file in on standard input, what it is and its clean copy out on standard output.

Whatever a file does to the libraries that open it, it does here: with so much memory and time, no file to write
to, and nothing to read but what it was given. Run as `python -m triage.cleaning.child`.

    out: a line of JSON, then the bytes of the clean copy, if there is one
"""

from __future__ import annotations

import json
import resource
import sys

from triage.cleaning import kinds, pictures, sounds

MEMORY = 512 * 1024 * 1024  # bytes of address space
SECONDS = 10


def limit() -> None:
    """From now on: so much memory and time, and not one byte to any file."""
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0),
                       (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (most, most))


def look(content: bytes) -> tuple[dict[str, str], bytes]:
    """What a file is (`kind`, `type`, `ending`), why it is not kept (`refused`), and its clean copy (`clean`)."""
    found = kinds.find(content)
    said = {"kind": found.kind, "type": found.content_type, "ending": found.ending}
    if found is kinds.OTHER:
        return {**said, "refused": "kind"}, b""
    try:
        copy, content_type = _cleaned(content, found)
    except pictures.TooManyPoints:
        return {**said, "refused": "points"}, b""
    except MemoryError:
        return {**said, "refused": "heavy"}, b""
    except Exception:  # whatever the libraries say of a file that is not what it seems
        return {**said, "refused": "broken"}, b""
    return ({**said, "clean": content_type} if copy else said), copy


def _cleaned(content: bytes, found: kinds.Found) -> tuple[bytes, str]:
    if found.kind == "image":
        return pictures.drawn_anew(content, found.content_type)
    if found.kind == "audio":
        return sounds.bare(content, found.content_type), found.content_type
    if found in (kinds.PLAIN, kinds.CARD):
        return content, found.content_type
    return b"", ""


def main() -> None:
    """Answer once."""
    limit()
    said, copy = look(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + copy)


if __name__ == "__main__":
    main()
