"""Why two reports are taken for the same, or may be, in the reader's language. Pure: what was kept, as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext, ngettext

from triage.effects import Because
from triage.queries.compared_shapes import Compared, Side
from triage.queries.relation_shapes import Linked, Offer
from triage.similarity.differences import FACTS, Kind
from triage.similarity.explaining import Explanation
from triage.similarity.incidents import Ground
from triage.similarity.verdicts import COVERED, Reason

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


# ---------------------------------------------------------------- two beside each other, judged anew


def outcome(found: Compared) -> str:
    """In one sentence whether two are linked, and why: "Not linked: numbers differ, 12 and 21"."""
    standing, texts = found.standing, _judged(found)
    said = decided(found)
    if standing.together:
        return str(gettext("They go together: %(why)s", why=f"{texts}, {said}" if said else texts))
    if standing.said in ("rejected", "undone"):
        return str(gettext("Not linked: %(why)s, %(said)s", why=texts, said=said))
    kept = _held_back(found) if same_message(found) else ""
    return str(gettext("Not linked: %(why)s, but %(held_back)s", why=texts, held_back=kept) if kept
               else gettext("Not linked: %(why)s", why=texts))


def _judged(found: Compared) -> str:
    """What the two texts are to each other; what older rules made of them first, where that was something else."""
    today, then = of_texts(found), same(found.standing.then or {})
    if then in ("", today):
        return today
    return str(gettext("%(then)s (judged under older rules; today’s say: %(today)s)", then=then, today=today))


def same_message(found: Compared) -> bool:
    """Whether the two are the same message by what they say, whatever follows from it."""
    return found.verdict.same or found.between.lineage


def decided(found: Compared) -> str:
    """What a person said of the two; empty where nobody did."""
    name = _isolated(found.standing.by or "")
    said = {"linked": gettext("said by %(name)s", name=name), "undone": gettext("taken apart by %(name)s", name=name),
            "rejected": gettext("kept apart by %(name)s", name=name)}
    return said.get(found.standing.said, "") if found.standing.by else ""


def of_texts(found: Compared) -> str:
    """What the two texts are to each other: "same text, 1 word differs (an → any)", "numbers differ, 12 and 21"."""
    verdict = found.verdict
    if verdict.same:
        kept = [{"kind": one.kind, "a": one.b.split(), "b": one.a.split()} for one in found.differences]
        return same({"reason": verdict.reason, "differences": kept})
    if found.between.lineage:
        return same({"reason": "lineage"})
    if verdict.reason is Reason.EMPTY:
        return _empty(found)
    facts = [fact(one, found) for one in found.told if one.kind in FACTS]
    if facts:
        return "; ".join(facts)
    return str(gettext("too many small differences") if verdict.reason is Reason.LOOSE
               else gettext("too few words in common"))


def _empty(found: Compared) -> str:
    silent = [side for side in (found.first, found.second) if side.empty]
    if len(silent) == 1:
        return str(gettext("%(which)s says too little to be known by its text", which=_number(silent[0])))
    return str(gettext("both say too little to be known by their texts"))


def fact(one: Explanation, found: Compared) -> str:
    """A difference that makes two messages of two texts: "numbers differ, 12 and 21", "“not” only in #4"."""
    if one.kind is Kind.NUMBERS:
        return str(gettext("numbers differ, %(one)s and %(other)s", one=_isolated(one.a), other=_isolated(one.b)))
    if one.a and one.b:
        return str(gettext("other words in the same place, “%(one)s” and “%(other)s”", one=_isolated(one.a),
                           other=_isolated(one.b)))
    words, where = _isolated(one.a or one.b), _number(found.first if one.a else found.second)
    if one.kind is Kind.NEGATION:
        return str(gettext("what is said is denied: “%(words)s” only in %(which)s", words=words, which=where))
    return str(gettext("“%(words)s” only in %(which)s", words=words, which=where))


def _number(side: Side) -> str:
    return _isolated(f"#{side.row.id}")


def _held_back(found: Compared) -> str:
    """Why the same message was not linked by the desk, as far as that can be seen afterwards."""
    if found.because in (Because.PLACES, Because.OBSERVER, Because.SHORT):
        return _weighed()[found.because]
    if "closed" in (found.first.row.status, found.second.row.status):
        return str(gettext("one of them is closed"))
    if found.first.row.holder and found.second.row.holder:
        return str(gettext("both are in somebody’s hands"))
    return ""


def _weighed() -> dict[Because, str]:
    return {
        Because.PLACES: gettext("about different places"),
        Because.OBSERVER: gettext("registered observers write the same words from many places: a person decides"),
        Because.SHORT: gettext("so short that two people may happen to write the same"),
        Because.PUBLIC: gettext("both are public posts, which others repeat"),
        Because.LONG: gettext("too long for two people to happen to write the same"),
    }


def speaks_for(found: Compared) -> list[str]:
    """What speaks for one message, or one incident; the strongest first."""
    said = [same({"reason": "lineage"})] if found.between.lineage else []
    if found.same_person:
        said.append(str(gettext("the same person")))
    if found.verdict.reason is not Reason.EMPTY and found.verdict.covered >= COVERED:
        said.append(_covered(found))
    if same_message(found) and found.because in (Because.PUBLIC, Because.LONG):
        said.append(_weighed()[found.because])
    return [*said, *_of_grounds(found, (Ground.CODE, Ground.PLACE, Ground.INSIDE, Ground.TIME))]


def speaks_against(found: Compared) -> list[str]:
    """What speaks against it; the strongest first."""
    said = [fact(one, found) for one in found.told if one.kind in FACTS]
    if found.verdict.reason is Reason.EMPTY:
        said.append(_empty(found))
    elif found.verdict.covered < COVERED:
        said.append(_covered(found))
    if found.verdict.reason is Reason.LOOSE:
        said.append(str(gettext("too many small differences")))
    if found.same_person is False:
        said.append(str(gettext("another person")))
    if same_message(found) and found.because in (Because.OBSERVER, Because.SHORT):
        said.append(_weighed()[found.because])
    return [*said, *_of_grounds(found, (Ground.OTHER_CODE, Ground.OTHER_PLACE, Ground.OTHER_TIME))]


def _covered(found: Compared) -> str:
    return str(gettext("%(num)s%% of the shorter text is in the other", num=round(100 * found.verdict.covered)))


def _of_grounds(found: Compared, wanted: Sequence[Ground]) -> list[str]:
    """What place, time and codes say."""
    here = {ground for ground, weight in found.likeness.grounds if weight}
    codes = ", ".join(map(_isolated, found.likeness.shared_codes))
    apart = between(int(found.likeness.apart.total_seconds())) if found.likeness.apart is not None else ""
    said = {
        Ground.CODE: gettext("same station (%(codes)s)", codes=codes) if codes else gettext("same station"),
        Ground.PLACE: gettext("same place"), Ground.INSIDE: gettext("places near each other"), Ground.TIME: apart,
        Ground.OTHER_CODE: gettext("other stations"), Ground.OTHER_PLACE: gettext("other places"),
        Ground.OTHER_TIME: apart,
    }
    return [str(said[ground]) for ground in wanted if ground in here]
