"""What stands around a message and is not part of it: mail headers, form labels, RT, counters, addresses.

Frames are blanked, never cut out: every other character keeps its place, so that a word found later can be
marked in the text as it arrived.
"""

from __future__ import annotations

import re

from triage.similarity import languages

WEB = re.compile(
    r"\b(?:https?|ftp)\b(?:[:/]\S*)?|\bwww\.\S+|\bhtt?p?(?=\s*(?:…|\.\.))|\b[a-z0-9-]{1,40}\.(?:ly|gd|co|me|com|org|net)/\S*"
    r"|\b[\w.+-]+@[\w-]+\.[\w.-]*\w|<[^<>\s]+@[^<>\s]+>",
    re.I,
)
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d{1,6});")
COUNTER = re.compile(
    r"[(\[]\s*(\d{1,2})\s*(?:/|of|de|di)\s*(\d{1,2})\s*[)\]]|\b(?:part|pt)\s*(\d)\s*(?:/|of)\s*(\d)\b", re.I
)
CONTINUED = re.compile(r"[(\[]\s*(?:cont(?:inued|d|'d)?\.?|more|suite|continua|segue)\s*[)\]]", re.I)
ELLIPSIS = re.compile(r"(?:…|\.{2,})[\s\"'”»)\]|]*\Z")
# "RT @someone:", "via @someone", "(via SMS)", "@someone:", a run of mentions at the start.
SHARED = re.compile(
    r"\b(?:RT|MT|HT|h/t|via|cc|par|por)\s*[:@]*\s*@\w+(?:[.\-]\w+)*\s*:?|@\w+\s*:|@(?=\w*[\d_])\w{2,}(?:\.\w+)*", re.I
)
SHARED_BY = re.compile(
    r"\bRT\b\s*:?|[(\[]\s*via\s+[\w ]{1,20}[)\]]|\bvia\s+(?:sms|twitter|facebook|whatsapp|web|email|app)\b", re.I
)
MENTIONS_FIRST = re.compile(r"\A[\s.\"“]*(?:@\w+(?:\.\w+)*[\s,:]+)+(?=\S*\s+\S+\s+\S)")
FORWARDED = re.compile(r"^[ \t>]*(?:-{2,}[^\n]{0,60}-{2,}|_{5,})[ \t]*$", re.M)
SUBJECT = re.compile(r"^[ \t]*(?:(?:fwd?|re|tr|rv|enc|res|aw|wg|i)[ \t]*:[ \t]*)+", re.I | re.M)
QUOTE_MARK = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.M)
# What a text must contain, in lower case, for a frame to be looked for; tried in this order.
FRAMES = (
    (("&",), ENTITY),
    (("htt", "ftp", "www.", "@", ".ly/", ".gd/", ".co/", ".me/", ".com/", ".org/", ".net/"), WEB),
    (("@",), SHARED),
    (("rt ", "rt:", "via"), SHARED_BY),
    (("@",), MENTIONS_FIRST),
    (("(", "[", "part ", "pt "), COUNTER),
    (("(", "["), CONTINUED),
    ((":",), SUBJECT),
)
SIGNATURE = re.compile(r"^--[ \t]?$", re.M)


def unframed(text: str) -> str:
    """`text` with everything that is not the message blanked by spaces; the same length, to the character.

    Frames are those of matching.md, section 1, step 1. What a person wrote is never blanked whole: if nothing
    were left, `text` comes back as it was. Never raises.
    """
    kept = _without_mail(_without_labels(text)) if "\n" in text else text
    for frame in _frames_for(text):
        kept = _blanked(kept, frame)
    return kept if not kept.isspace() else text


def is_cut(text: str, body: str) -> bool:
    """Whether `text` says that it was cut: its `body` ends in an ellipsis, or it has a "(cont)"."""
    return ELLIPSIS.search(body.rstrip()) is not None or ("(" in text and CONTINUED.search(text) is not None)


def parts_in_order(text: str) -> list[tuple[int, int]]:
    """The stretches (start, end) of `text` in the order they should be read.

    A long SMS whose parts were joined in the order they came carries "(2/2) … (1/2) …": its stretches are
    sorted by counter. Any other text is one stretch.
    """
    found = [(int(each[1]), int(each[2]), each.start()) for each in COUNTER.finditer(text) if each[1]]
    numbers = [number for number, _, _ in found]
    whole = bool(found) and sorted(numbers) == list(range(1, found[0][1] + 1)) and len({of for _, of, _ in found}) == 1
    if not whole or numbers == sorted(numbers):
        return [(0, len(text))]
    starts = [0, *(start for _, _, start in found[1:])]  # what stands before the first counter stays with it
    stretches = zip(numbers, starts, [*starts[1:], len(text)], strict=True)
    return [(start, end) for _, start, end in sorted(stretches)]


def _blanked(text: str, frame: re.Pattern[str]) -> str:
    return frame.sub(lambda found: " " * len(found[0]), text)


def _frames_for(text: str) -> list[re.Pattern[str]]:
    """The frames that can be in `text`: looking for a few letters is a hundred times cheaper than for a pattern."""
    lowered = text.lower()
    return [frame for signs, frame in FRAMES if any(sign in lowered for sign in signs)]


def _without_mail(text: str) -> str:
    """Without header lines, quote marks and the remains of a signature; the quoted words stay: they were forwarded."""
    kept = _blanked(_blanked(_without_answered(text), FORWARDED), QUOTE_MARK)
    kept = _blanked(_blanked(kept, languages.MAIL_HEADER), languages.SENT_FROM)
    signature = SIGNATURE.search(kept)
    if signature and kept[: signature.start()].strip():
        kept = kept[: signature.start()] + " " * (len(kept) - signature.start())
    return kept


def _without_answered(text: str) -> str:
    """Without what a reply quotes: the "On Monday X wrote:" and all below it, if something is said above it."""
    wrote = languages.WROTE.search(text)
    if wrote is None:
        return text
    end = len(text) if text[: wrote.start()].strip() else wrote.end()
    return text[: wrote.start()] + " " * (end - wrote.start()) + text[end:]


def _without_labels(text: str) -> str:
    """Without the labels of a form; for a name, a number or a consent, without what was filled in as well."""
    return _blanked(_blanked(text, languages.FORM_LINE), languages.FORM_LABEL)
