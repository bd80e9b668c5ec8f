"""In which language a page speaks: asked for, chosen by the person, or what their browser prefers."""

from __future__ import annotations

from flask import Flask, g, request, session
from flask_babel import Babel

import config
from triage import context

BUILT_IN = ("en", "es")  # catalogues that come with the desk
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def init_app(app: Flask) -> None:
    """Choose a language for every request."""
    directory = str(config.ROOT / "triage" / "translations")
    Babel(app, locale_selector=choose, default_translation_directories=directory)


def offered() -> tuple[str, ...]:
    """The languages of this desk, its own first."""
    return tuple(dict.fromkeys((*context.settings().desk_languages, *BUILT_IN)))


def choose() -> str:
    """`?lang=`, else what was chosen before, else the browser's wish, else the desk's first language."""
    asked = request.args.get("lang")
    if asked in offered():
        session["lang"] = asked
        return asked
    operator = g.get("operator")
    chosen = (operator.ui_language if operator is not None else None) or session.get("lang")
    if chosen in offered():
        return str(chosen)
    return request.accept_languages.best_match(offered()) or offered()[0]
