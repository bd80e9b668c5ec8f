"""In which language a page speaks: asked for, chosen by the person, or what their browser prefers."""

from __future__ import annotations

from babel import Locale
from flask import Flask, g, request, session
from flask_babel import Babel
from werkzeug.exceptions import HTTPException

import config
from triage import context

BUILT_IN = ("en", "es")  # catalogues that come with the desk
CITIZENS = ("intake", "back")  # blueprints whose pages carry their language themselves
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def init_app(app: Flask) -> None:
    """Choose a language for every request."""
    directory = str(config.ROOT / "triage" / "translations")
    Babel(app, locale_selector=choose, default_translation_directories=directory)


def offered() -> tuple[str, ...]:
    """The languages of this desk, its own first."""
    return tuple(dict.fromkeys((*context.settings().desk_languages, *BUILT_IN)))


def named() -> list[tuple[str, str]]:
    """The languages offered, each with its own name for itself."""
    return [(code, Locale.parse(code, sep="-").get_display_name(code) or code) for code in offered()]


def choose() -> str:
    """`?lang=`, else what was chosen before, else the browser's wish, else the desk's first language.

    The citizens' pages need no cookie: their forms carry the language in a hidden field.
    """
    citizens = request.blueprint in CITIZENS
    asked = request.args.get("lang") or (_carried() if citizens else None)
    if asked in offered():
        if not citizens:
            session["lang"] = asked
        return str(asked)
    chosen = g.get("ui_language") or session.get("lang")  # not asked of the person's row: the database may be away
    if chosen in offered():
        return str(chosen)
    return request.accept_languages.best_match(offered()) or offered()[0]


def _carried() -> str | None:
    """The language a citizen's form carries; None where the body cannot be read (too large, for one)."""
    try:
        return request.form.get("lang")
    except HTTPException:
        return None
