"""Words around a place's name, in the languages desks read most: small lists, and everything works without them.

To add a language, add its words here, folded as `folding.key` does it (`docs/places.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

from triage.gazetteer import folding
from triage.gazetteer.folding import Word

MOST_WORDS = 3  # that say together that a code follows

# A code follows: the longest first, folded.
CODED = frozenset(folding.key(one) for one in (
    "pu", "ps", "unit", "polling unit", "polling station", "station", "stream", "booth", "code", "pu code", "unit code",
    "station code", "no", "pu no", "unit no", "station no", "polling unit no", "polling station no", "number",
    "unit number", "station number",
    "mesa", "mesa no", "casilla", "colegio", "código", "bureau", "bureau de vote", "bv", "secção", "seção",
    "mesa de voto", "seggio", "sezione", "kituo", "kituo cha", "kituo namba", "rumfa", "rumfar zabe",
    "məntəqə", "mentəqə no", "seçki məntəqəsi", "مركز", "مركز رقم", "لجنة", "لجنة رقم", "محطة", "محطة رقم",
))
# "in", "at", "near": a name may follow.
BEFORE = frozenset(folding.key(one) for one in (
    "in", "at", "near", "from", "around", "opposite", "behind", "outside",
    "en", "cerca", "desde", "de", "del", "a", "au", "aux", "dans", "près", "chez", "à",
    "em", "no", "na", "nos", "nas", "perto", "da", "do", "di", "nel", "presso",
    "katika", "kwenye", "huko", "hapa", "karibu", "cikin", "daga", "nan", "nan",
    "في", "عند", "قرب", "من", "بمدينة", "nan", "bò", "lakay",
))
# Kinds of places. Beside one a single word may be a name; a name of nothing else than these is none.
KINDS = frozenset(folding.key(one) for one in (
    "school", "primary", "secondary", "high", "nursery", "college", "university", "church", "mosque", "market", "hall",
    "town", "village", "city", "centre", "center", "ward", "lga", "district", "county", "constituency", "region",
    "state", "province", "division", "zone", "area", "street", "road", "estate", "square", "park", "station", "unit",
    "polling", "pu", "booth", "open", "space", "playground", "field", "clinic", "hospital", "health", "police", "post",
    "office", "camp", "junction", "roundabout", "main", "central", "north", "south", "east", "west", "new", "old",
    "escuela", "colegio", "iglesia", "mercado", "municipio", "barrio", "ciudad", "centro", "distrito", "provincia",
    "école", "ecole", "lycée", "église", "mosquée", "marché", "mairie", "quartier", "ville", "commune", "centre",
    "escola", "igreja", "bairro", "cidade", "município", "scuola", "chiesa", "comune", "quartiere",
    "shule", "kanisa", "msikiti", "soko", "mtaa", "kata", "wilaya", "kijiji", "mji", "makaranta", "masallaci", "kasuwa",
    "مدرسة", "مسجد", "كنيسة", "سوق", "حي", "مدينة", "قرية", "محافظة", "مركز", "شارع",
    "məktəb", "məscid", "rayon", "rayonu", "qəsəbə", "kənd", "küçəsi", "şəhəri", "lekòl", "legliz", "mache",
))


def announces_code(before: Sequence[Word]) -> Word | None:
    """The first of the words directly before a number that say together that it is a code; None where none do."""
    for many in range(min(MOST_WORDS, len(before)), 0, -1):
        if folding.joined(before[-many:]) in CODED:
            return before[-many]
    return None


def leads_to_name(word: Word) -> bool:
    """Whether a name of a place may follow this word: "in", "near", "Ward"."""
    return word.folded in BEFORE or word.folded in KINDS


def kind(word: Word) -> bool:
    """Whether it says only what kind of place it is."""
    return word.folded in KINDS


def says_nothing(key: str) -> bool:
    """Whether a name is made of such words and numbers alone: "Primary School 2" names no place in a sentence."""
    return all(word in KINDS or word.isdecimal() or len(word) == 1 for word in key.split())
