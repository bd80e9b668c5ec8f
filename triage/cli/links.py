"""Invitation links, and the sheet to hand them out: a QR code a person, which only its owner may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO

import segno
from flask import current_app, url_for

from triage import context

SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Invitations</title>
<style>
body {{ font: 12pt/1.5 system-ui, sans-serif; margin: 2rem }}
section {{ break-inside: avoid; border-block-start: 1px solid; padding-block: 1rem }}
svg {{ inline-size: 9rem; block-size: auto }} code {{ overflow-wrap: anywhere }}
</style>
<h1>Invitations to {desk}</h1>
<p>Each link works once, for 7 days. Whoever has it becomes that person: hand out each piece alone.</p>
{sections}
</html>
"""
SECTION = "<section><h2>{name}</h2><p>{email}</p>{code}<p><code>{link}</code></p></section>"


@dataclass(frozen=True)
class Invited:
    """A person and the link that makes them one of the desk."""

    name: str
    email: str
    link: str


def invitation(token: str) -> str:
    """The address at which an invited person chooses a password."""
    with current_app.test_request_context(base_url=context.settings().staff_url):
        return url_for("auth.invitation", token=token, _external=True)


def sheet(people: Sequence[Invited]) -> str:
    """A page to print: name, address, QR code and link of each person."""
    sections = [
        SECTION.format(name=escape(one.name), email=escape(one.email), link=escape(one.link),
                       code=segno.make(one.link, micro=False).svg_inline(scale=4))
        for one in people
    ]
    return SHEET.format(desk=escape(context.settings().desk_name), sections="\n".join(sections))


def terminal_code(link: str) -> str:
    """The link as a QR code drawn with characters."""
    drawn = StringIO()
    segno.make(link, micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
