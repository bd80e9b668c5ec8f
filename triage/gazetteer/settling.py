"""Which of several places is meant, and which place a whole text speaks of. None is chosen that is not clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from triage.gazetteer.spotting import Spot

Above = Mapping[int, Sequence[int]]  # a place -> the places it lies in, the nearest first


def lookups(spots: Sequence[Spot]) -> set[int]:
    """Of which places it must be known in what they lie: of none where there is nothing to decide."""
    named = {place for spot in spots for place in spot.places}
    unclear = any(len(spot.places) > 1 or spot.weak for spot in spots)
    return named if len(named) > 1 and (unclear or len(spots) > 1) else set()


def settled(spots: Sequence[Spot], above: Above) -> list[Spot]:
    """The same spots, each with the one place that is meant, or with all it may be; weak ones only where borne out.

    Of several places with one name the one is meant that lies nearest in a place that is named too.
    """
    named = {spot.places[0] for spot in spots if len(spot.places) == 1}
    chosen = [replace(spot, places=_nearest(spot, named, above)) for spot in spots]
    firm = {place for spot in chosen if not spot.weak for place in spot.places}
    return [replace(spot, weak=False) for spot in chosen
            if not spot.weak or (len(spot.places) == 1 and _borne_out(spot.places[0], firm, above))]


def _nearest(spot: Spot, named: set[int], above: Above) -> tuple[int, ...]:
    """The candidates that lie nearest in a named place; all of them where none does."""
    if len(spot.places) < 2:
        return spot.places
    steps = {place: _steps(place, named, above) for place in spot.places}
    best = min(steps.values())
    return tuple(place for place in spot.places if steps[place] == best)


def _steps(place: int, named: set[int], above: Above) -> int:
    """How far above a place the next named one lies, 0 for one that is named itself; very far where none does."""
    return next((far for far, one in enumerate((place, *above.get(place, ()))) if one in named), 1_000)


def _borne_out(place: int, firm: Iterable[int], above: Above) -> bool:
    return any(place in above.get(other, ()) or other in above.get(place, ()) for other in firm)


def clear(spots: Iterable[Spot], above: Above) -> int | None:
    """The one place a text speaks of: the innermost, where what else is named lies around it or may lie in it."""
    spots = list(spots)
    sure = {spot.places[0] for spot in spots if len(spot.places) == 1}
    around = {parent for place in sure for parent in above.get(place, ())}
    inner = sure - around
    if len(inner) != 1:
        return None
    (found,) = inner
    open_ = (place for spot in spots if len(spot.places) > 1 for place in spot.places)
    return found if all(found in (place, *above.get(place, ())) for place in open_) else None
