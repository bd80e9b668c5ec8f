"""Words by which a person commands us: STOP and START in the languages of the desk. Pure."""

from __future__ import annotations

import unicodedata

# English: the words US carriers must honour (CTIA Messaging Principles and Best Practices, 2023, 5.1.3); the
# others are their plain translations. Only words that somebody would hardly send alone to mean something else.
STOPS = {
    "en": "stop stopall unsubscribe cancel end quit revoke optout",
    "es": "alto parar pare baja detener cancelar",
    "fr": "arret arreter desabonner desinscrire",
    "pt": "parar pare sair cancelar descadastrar",
    "sw": "acha simama sitisha ghairi",
    "ar": "توقف قف أوقف إيقاف إلغاء",
    "az": "dayan dayandır ləğvet",
}
STARTS = {
    "en": "start unstop resume",
    "es": "inicio iniciar empezar comenzar",
    "fr": "reprendre commencer",
    "pt": "iniciar comecar retomar",
    "sw": "anza",
    "ar": "ابدأ ابدا",
    "az": "basla",
}
MOST_CHARACTERS = 160  # whatever takes more than one text message was written to be read
ALIKE = str.maketrans({"ı": "i", "\u0640": None})  # the Turkic i without a dot; the stroke that lengthens Arabic words


def command(text: str) -> str | None:
    """`stop`, `start` or None: a command only where it is the whole message, in any case, accent or punctuation."""
    word = _folded(text)
    if word in STOP:
        return "stop"
    return "start" if word in START else None


def _folded(text: str) -> str:
    """The letters alone, without accents; nothing where there is a figure among them: "End 3" speaks of something."""
    if len(text) > MOST_CHARACTERS:
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold()).translate(ALIKE)
    if any(letter.isdecimal() for letter in plain):
        return ""
    return "".join(letter for letter in plain if letter.isalpha() and not unicodedata.combining(letter))


# Folding removes hamza and accents: hold the words in the same shape as what is compared with them.
STOP = frozenset(_folded(word) for words in STOPS.values() for word in words.split())
START = frozenset(_folded(word) for words in STARTS.values() for word in words.split())
