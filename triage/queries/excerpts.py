"""The beginning of a text, for where the whole has no room. Pure."""

from __future__ import annotations

ELLIPSIS = "…"
MOST_GIVEN_UP = 20  # characters, so that no word is cut; in a script without blanks it is cut


def shortened(text: str, most: int) -> str:
    """`text`; where it has more than `most` characters its beginning, and "…" says that it goes on."""
    if len(text) <= most:
        return text
    kept = text[:most]
    words = kept.split()
    if len(words) > 1 and len(words[-1]) <= MOST_GIVEN_UP and not (text[most].isspace() or kept[-1].isspace()):
        kept = kept[:-len(words[-1])]
    return kept.rstrip(" \n\t,.;:،؛") + ELLIPSIS
