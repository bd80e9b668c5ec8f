"""STOP and START: two hundred ways to write them, and as many sentences that are reports and no commands."""

from __future__ import annotations

import itertools

import pytest

from triage import keywords

# Every language of the desk, as its speakers write it.
WORDS = {
    "en": ["STOP", "Stopall", "unsubscribe", "Cancel", "END", "quit", "Revoke", "opt out", "OPT-OUT"],
    "es": ["Alto", "¡ALTO!", "PARAR", "baja", "Détener", "cancelar"],
    "fr": ["Arrêt", "ARRÊTER", "arreter", "désabonner", "Désinscrire"],
    "pt": ["Parar", "PARE", "sair", "Cancelar", "descadastrar"],
    "sw": ["Acha", "SIMAMA", "sitisha", "Ghairi"],
    "ar": ["توقف", "قف", "أوقف", "اوقف", "إيقاف", "إلغاء", "الغاء", "تَوَقَّف", "تـوقـف"],
    "az": ["Dayan", "DAYANDIR", "dayandır", "Dayandir", "ləğv et"],
}
AROUND = ["{}", " {} ", "{}.", "{}!!!", "«{}»", "({})", "\n{}\n", "{} 🛑", "\u200f{}\u200e", "*{}*"]
VARIANTS = [shape.format(word) for shape, word in itertools.product(AROUND, itertools.chain(*WORDS.values()))]
STARTS = ["START", "start.", "Unstop", "resume", "Empezar", "¡Iniciar!", "Reprendre", "Começar", "Anza", "ابدأ",
          "Başla"]
REPORTS = [
    "", " ", "1", "?", "🛑", "Stop them from closing", "they made us stop", "The end of the queue", "END of the line 3",
    "They END the counting at 5", "end 3", "STOP 2", "Polling will end", "please cancel the vote at ward 4",
    "Quit shouting, they said", "no stop", "don't stop", "Stop sign is down", "No pare la votación",
    "El alto mando vino",
    "Alto a la violencia", "Il faut arrêter le bus", "La baja asistencia", "Pare de votar, disseram",
    "Acha kura ziibiwe", "Simama hapa", "توقف التصويت", "قف هنا", "تم إلغاء التصويت", "Səsvermə dayandırıldı",
    "Başladı", "We start at nine", "The end.They left", "stopped", "endless", "Cancelled", "ended",
]
SHAPES = {
    "lower": str.lower, "upper": str.upper, "title": str.title, "spaced": " ".join, "dotted": ".".join,
    "wide": lambda word: "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in word),
}


def test_there_are_two_hundred_variants() -> None:
    assert len(set(VARIANTS)) >= 200


@pytest.mark.parametrize("text", VARIANTS)
def test_stop_in_any_spelling_is_stop(text: str) -> None:
    assert keywords.command(text) == "stop"


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_word_that_stops_does_so_in_every_shape(shape: object) -> None:
    words = itertools.chain(*(words.split() for words in keywords.STOPS.values()))
    assert [word for word in words if keywords.command(shape(word)) != "stop"] == []


@pytest.mark.parametrize("text", STARTS)
def test_start_is_start(text: str) -> None:
    assert keywords.command(text) == "start"


@pytest.mark.parametrize("text", REPORTS)
def test_a_sentence_is_no_command(text: str) -> None:
    assert keywords.command(text) is None


@pytest.mark.parametrize("text", [f"STOP{'!' * 40} they are beating people", "STOP" + " " * 60 + "the count now"])
def test_what_follows_a_long_gap_is_read_too(text: str) -> None:
    assert keywords.command(text) is None


def test_no_word_both_stops_and_starts() -> None:
    assert keywords.STOP.isdisjoint(keywords.START)
