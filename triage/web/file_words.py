"""What pages say of files: what they are, and what became of those that are not here. Pure."""

from __future__ import annotations

from flask_babel import format_decimal, gettext

from triage.queries.shapes import FileView

KILO = 1000


def words(file: FileView) -> str:
    """What it is and how large: "PDF document, 120 kB"."""
    return str(gettext("%(what)s, %(size)s", what=_what(file), size=_size(file.size or 0)))


def fate(file: FileView) -> str:
    """Why a file is not here."""
    if file.state == "waiting":
        return str(gettext("A file came with this. It is being fetched."))
    if file.state == "gone":
        return str(gettext("A file came with this and could not be fetched: its provider did not have it for a day."))
    reasons = {
        "kind": gettext("A file of a kind we do not keep came with this."),
        "points": gettext("A picture came with this that is too large to be opened safely. It was not kept."),
        "broken": gettext("A file came with this that cannot be opened. It was not kept."),
        "heavy": gettext("A file came with this that would take too much to open. It was not kept."),
        "large": gettext("A file came with this that is larger than 16 MB. It was not kept."),
        "address": gettext("A file was named whose address is not the provider’s. It was not fetched."),
    }
    return str(reasons.get(file.error or "", gettext("A file came with this and was not kept.")))


def _what(file: FileView) -> str:
    named = {"application/pdf": gettext("PDF document"), "text/plain": gettext("Text"),
             "text/vcard": gettext("Visiting card"), "video/mp4": gettext("Film"), "video/3gpp": gettext("Film")}
    kinds = {"audio": gettext("Sound"), "image": gettext("Picture"), "video": gettext("Film")}
    return str(named.get(file.content_type) or kinds.get(file.kind) or gettext("File"))


def _size(size: int) -> str:
    if size < KILO * KILO:
        return str(gettext("%(num)s kB", num=format_decimal(max(round(size / KILO), 1))))
    return str(gettext("%(num)s MB", num=format_decimal(round(size / KILO / KILO, 1))))
