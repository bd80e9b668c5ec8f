"""Words by which a person commands us: STOP and START in the languages of the desk. Pure."""

from __future__ import annotations

import unicodedata

# English: the words US carriers must honour (CTIA Messaging Principles and Best Practices, 2023, 5.1.3);
# the others are their plain translations.
STOP = frozenset(
    "stop stopall unsubscribe cancel end quit revoke optout alto parar pare baja detener arret arreter "
    "acha simama sitisha dayan dayandir توقف قف الغاء".split()
)
START = frozenset("start unstop resume inicio iniciar empezar comenzar reprendre commencer anza basla ابدأ".split())


def command(text: str) -> str | None:
    """`stop`, `start` or None: a command only where it is the whole message, in any case, accent or punctuation."""
    word = _folded(text)
    if word in STOP:
        return "stop"
    return "start" if word in START else None


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text[:40].casefold())
    return "".join(letter for letter in plain if letter.isalpha() and not unicodedata.combining(letter))


# Folding removes hamza and accents: hold the words in the same shape as what is compared with them.
STOP = frozenset(_folded(word) for word in STOP)
START = frozenset(_folded(word) for word in START)
