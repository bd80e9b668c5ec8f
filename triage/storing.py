"""From the bytes of a file to what is kept of it: looked at in the limited child, sealed on the disk, never in clear.

Done before the transaction that notes it; where that does not take place, `forget` takes the files away again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from triage import context
from triage.cleaning import washing
from triage.files import MOST_BYTES


class Refused(Exception):
    """The file is not kept; `str()` is the word for why (see `washing.Refusal`, and large, address, gone)."""


@dataclass(frozen=True)
class Stored:
    """A file that stands sealed on the disk, and what its bytes say of it (see `models.Attachment`).

    `clean` is its name without what tells who made it, None where there is no such copy.
    """

    kind: str
    content_type: str
    size: int
    sha256: str
    original: str
    clean: str | None = None
    clean_type: str | None = None
    filename: str = ""
    description: str = ""


def store(content: bytes, filename: str = "", description: str = "") -> Stored:
    """Keep a file and its clean copy. Takes seconds at most. Raises Refused, OSError."""
    if len(content) > MOST_BYTES:
        raise Refused("large")
    looked = washing.look(content)
    if looked.refused is not None:
        raise Refused(looked.refused)
    mark = context.keyring().blind("file", hashlib.sha256(content).hexdigest())
    original = context.files().put(content)
    clean = context.files().put(looked.clean) if looked.clean is not None else None
    return Stored(looked.kind, looked.content_type, len(content), mark, original, clean, looked.clean_type,
                  filename, description)


def forget(stored: Stored) -> None:
    """Its message was not stored after all."""
    context.files().remove(stored.original, stored.clean)


def store_anew(content: bytes, offered: tuple[str, ...], description: str = "") -> Stored:
    """Keep only the clean copy of a file of one of these content types: it stands for the original as well.

    Raises Refused, OSError.
    """
    looked = washing.look(content)
    if looked.refused is not None:
        raise Refused(looked.refused)
    if looked.content_type not in offered or looked.clean is None or looked.clean_type is None:
        raise Refused("kind")
    name = context.files().put(looked.clean)
    mark = context.keyring().blind("file", hashlib.sha256(looked.clean).hexdigest())
    return Stored(looked.kind, looked.clean_type, len(looked.clean), mark, name, name, looked.clean_type,
                  description=description)
