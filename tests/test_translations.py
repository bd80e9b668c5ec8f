"""Every sentence of the product in every catalogue: none forgotten, none half done, every place for a value kept."""

from __future__ import annotations

import re
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import get_babel

import config
from triage.web import errors, languages

TRANSLATIONS = config.ROOT / "triage" / "translations"
SOURCES = ("triage", "channels", "templates")
WRITTEN_IN = "en"  # the sentences themselves
PLACE = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
MARK = re.compile(r"-k (\w+)")
SENT_BY_THE_DESK = (
    "You will get no more messages from us. Write START to change that.",
    "We have your message. A volunteer will read it. Write STOP to end.",
)
PLAIN_SMS = set(string.ascii_letters + string.digits + " .,:;!?¡¿'\"()-+/#%&*=<>@_£$¥èéùìòÇØøÅåÆæßÉÄÖÑÜ§äöñüà")


@cache
def sentences() -> frozenset[str | tuple[str, str]]:
    """What `make messages` finds now: a sentence, or its singular and plural."""
    with (config.ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    marks = MARK.findall((config.ROOT / "Makefile").read_text())
    found = extract_from_dir(
        config.ROOT, methods, options, keywords={**DEFAULT_KEYWORDS, **parse_keywords(marks)},
        directory_filter=lambda path: Path(path).relative_to(config.ROOT).parts[0] in SOURCES,
    )
    return frozenset(tuple(said) if isinstance(said, (list, tuple)) else said for _, _, said, _, _ in found)


def files() -> list[Path]:
    """The catalogues in git."""
    return sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


@cache
def catalogue(path: Path) -> Catalog:
    """A catalogue, read."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def entries(path: Path) -> list[Message]:
    """The entries of a catalogue without its header."""
    return [entry for entry in catalogue(path) if entry.id]


def forms(entry: Message) -> list[str]:
    """A translation as a list: one sentence, or one for each plural of the language."""
    return [entry.string] if isinstance(entry.string, str) else list(entry.string)


def places(sentence: str) -> list[str]:
    """The places for values, in whatever order the language puts them."""
    return sorted(PLACE.findall(sentence))


each_catalogue = pytest.mark.parametrize("path", files(), ids=lambda path: path.parts[-3])


def test_every_language_that_comes_with_the_desk_has_a_catalogue() -> None:
    assert [path.parts[-3] for path in files()] == sorted(set(languages.BUILT_IN) - {WRITTEN_IN})


def test_the_extraction_sees_templates_views_and_errors() -> None:
    assert {"Take next", "Your code", errors.STALE_FORM, ("%(num)s browser", "%(num)s browsers")} <= sentences()


@each_catalogue
def test_no_sentence_is_without_translation_and_none_is_left_over(path: Path) -> None:
    held = {entry.id for entry in entries(path)}
    forgotten, left_over = list(sentences() - held), list(held - sentences())
    assert forgotten == [], "Run `make messages`, then translate these."
    assert left_over == [], "Run `make messages`: nobody says these any more."


@each_catalogue
def test_nothing_is_empty_or_fuzzy_and_plurals_are_complete(path: Path) -> None:
    for entry in entries(path):
        wanted = catalogue(path).num_plurals if entry.pluralizable else 1
        assert not entry.fuzzy, entry.id
        assert len(forms(entry)) == wanted, entry.id
        assert all(form.strip() for form in forms(entry)), entry.id


@each_catalogue
def test_every_place_for_a_value_is_kept(path: Path) -> None:
    for entry in entries(path):
        originals = entry.id if entry.pluralizable else (entry.id,)
        for form in forms(entry):
            assert places(form) in [places(original) for original in originals], (entry.id, form)


@each_catalogue
def test_a_sentence_keeps_its_edges(path: Path) -> None:
    """Spaces at the ends, and whether it breaks off with an ellipsis: pages glue values to both."""
    for entry in entries(path):
        original = entry.id[0] if entry.pluralizable else entry.id
        for form in forms(entry):
            assert form == form.strip(), (entry.id, form)
            assert form.endswith("…") == original.endswith("…"), (entry.id, form)


@each_catalogue
def test_a_catalogue_names_no_person_and_no_place_in_the_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "@" not in text.split("\n\n", 1)[0]
    assert "\n#: " not in text, "File locations change with every commit: `make messages` leaves them out."


@each_catalogue
def test_what_the_desk_itself_sends_fits_one_plain_sms(path: Path) -> None:
    """One letter outside the SMS alphabet (á, í, ó, ú, curly quotes) cuts a message from 160 characters to 70."""
    for sentence in SENT_BY_THE_DESK:
        form = str(catalogue(path)[sentence].string)
        assert len(form) <= 160, form
        assert not set(form) - PLAIN_SMS, form


# ---------------------------------------------------------------- shown


@pytest.fixture
def visitor(app: Flask, client: FlaskClient, tmp_path: Path) -> FlaskClient:
    """A browser on a desk whose catalogues are compiled from what is in git now."""
    compiled = tmp_path / "translations"
    for path in files():
        target = compiled / path.parts[-3] / "LC_MESSAGES" / "messages.mo"
        target.parent.mkdir(parents=True)
        with target.open("wb") as file:
            write_mo(file, catalogue(path))
    get_babel(app).translation_directories = [str(compiled)]
    return client


@pytest.mark.parametrize("path, words", [
    ("/login", ["Iniciar sesión", "Contraseña", "¿No es parte del equipo?"]),
    ("/report", ["Cuéntenos lo que vio", "Llamar", "Empezar un reporte"]),
    ("/back", ["Volver a su reporte", "Ver mi reporte"]),
])
def test_pages_speak_spanish(visitor: FlaskClient, path: str, words: list[str]) -> None:
    page = visitor.get(path, query_string={"lang": "es"})
    assert page.status_code == 200
    assert '<html lang="es"' in page.text
    assert [word for word in words if word not in page.text] == []


def test_a_wrong_password_is_refused_in_spanish(visitor: FlaskClient) -> None:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.get("/login?lang=es").text)
    assert token is not None
    answer = visitor.post("/login", data={"csrf_token": token.group(1), "email": "amina@example.org", "password": "no"})
    assert "El correo o la contraseña no son correctos." in answer.text


def test_a_refusal_is_said_in_spanish(visitor: FlaskClient) -> None:
    page = visitor.post("/back", headers={"Accept-Language": "es"}, data={"code": "1234", "lang": "es"})
    assert '<html lang="es"' in page.text
    assert "otra vez" in page.text


def test_english_stays_english(visitor: FlaskClient) -> None:
    page = visitor.get("/login?lang=en")
    assert '<html lang="en"' in page.text
    assert "Sign in" in page.text
