"""Why two reports are taken for the same, or may be, in the reader's language. Pure: what was kept, as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext, ngettext

from triage.queries.relation_shapes import Linked, Offer

MOST_PIECES, MOST_WORDS = 3, 4  # of a difference a person reads at a glance
MINUTE, HOUR, DAY = 60, 3600, 86400


def of_copy(linked: Linked) -> str:
    """Why a report is a copy, and who said so where it was a person."""
    why = same(linked.why)
    if linked.by is None:
        return why
    by = gettext("said by %(name)s", name=_isolated(linked.by))
    return f"{why}, {by}" if why else str(by)


def of_offer(offer: Offer) -> str:
    """Why another report may be the same."""
    if offer.kind == "same_incident":
        return akin(offer.why)
    why = same(offer.why)
    return str(gettext("%(why)s, but by another person", why=why)) if offer.other_person else why


def same(why: Mapping[str, Any]) -> str:
    """Why two texts are the same message: "same text, 2 words differ (an → any)"."""
    reason = why.get("reason")
    if reason == "lineage":
        return str(gettext("repeats that post itself"))
    if reason == "exact":
        return str(gettext("word for word"))
    if reason != "alike":
        return ""
    parts = list(_differences(why.get("differences", ()), more=bool(why.get("more"))))
    return ", ".join([str(gettext("same text")), *parts])


def _differences(found: Sequence[Mapping[str, Any]], *, more: bool) -> Iterator[str]:
    other = [one for one in found if one["a"] and one["b"] and one["kind"] != "moved"]
    if other:
        words = [gettext("%(before)s → %(after)s", before=_quoted(one["b"]), after=_quoted(one["a"]))
                 for one in other]
        many = sum(max(len(one["a"]), len(one["b"])) for one in other)
        yield ngettext("%(num)s word differs (%(words)s)", "%(num)s words differ (%(words)s)", many,
                       words=_some(words))
    added, gone = ([one[side] for one in found if one[side] and not one[other_side]]
                   for side, other_side in (("a", "b"), ("b", "a")))
    if added:
        yield ngettext("%(num)s word more (%(words)s)", "%(num)s words more (%(words)s)", sum(map(len, added)),
                       words=_some([_quoted(words) for words in added]))
    if gone:
        yield ngettext("%(num)s word fewer (%(words)s)", "%(num)s words fewer (%(words)s)", sum(map(len, gone)),
                       words=_some([_quoted(words) for words in gone]))
    if any(one["kind"] == "moved" for one in found):
        yield str(gettext("in another order"))
    if more:
        yield str(gettext("and more"))


def _some(pieces: Sequence[str]) -> str:
    return ", ".join([*pieces[:MOST_PIECES], *(["…"] if len(pieces) > MOST_PIECES else [])])


def _quoted(words: Sequence[str]) -> str:
    return _isolated(" ".join(words[:MOST_WORDS]) + (" …" if len(words) > MOST_WORDS else ""))


def _isolated(text: str) -> str:
    """Words of somebody else's keep their own direction."""
    return f"\u2068{text}\u2069"


def akin(why: Mapping[str, Any]) -> str:
    """Why two may tell of the same incident: "same station, 20 minutes apart"."""
    grounds = _grounds()
    said = [grounds[one] for one in grounds if one in why.get("grounds", ())]
    apart = why.get("apart")
    if apart is not None:
        said.insert(min(1, len(said)), between(int(apart)))
    return ", ".join(said)


def _grounds() -> dict[str, str]:
    """In this order; what speaks against it last."""
    return {
        "code": gettext("same station"), "place": gettext("same place"), "inside": gettext("places near each other"),
        "text": gettext("words in common"), "other_place": gettext("but other places"),
        "other_code": gettext("but other stations"),
    }


def between(seconds: int) -> str:
    """"20 minutes apart"."""
    if seconds < MINUTE:
        return str(gettext("within a minute"))
    if seconds < HOUR:
        return str(ngettext("%(num)s minute apart", "%(num)s minutes apart", seconds // MINUTE))
    if seconds < 2 * DAY:
        return str(ngettext("%(num)s hour apart", "%(num)s hours apart", seconds // HOUR))
    return str(ngettext("%(num)s day apart", "%(num)s days apart", seconds // DAY))
