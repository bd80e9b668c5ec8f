"""The sign-in page, shown by its own address and over any page whose session has ended."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import g, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from triage import passwords
from triage.actions import sessions
from triage.db import run_in_transaction
from triage.models import Operator
from triage.rights import Right
from triage.web import access
from triage.web.kept import Kept

PLACES = ("/desk", "/floor", "/people", "/accounts", "/quarantine", "/me", "/stats", "/settings")
LANGUAGE = "lang"


def page(status: int = 200, *, trouble: str = "", said: str = "", kept: Kept | None = None,
         email: str = "", onward: str = "") -> ResponseReturnValue:
    """The form, with what went wrong or was said, and with typed text carried along."""
    page = render_template(
        "auth/login.html", trouble=trouble, said=said, kept=kept, email=email, onward=onward or here(),
    )
    return page, status


def here() -> str:
    """The address to come back to after signing in: this page, if it is one that may be opened."""
    if request.method in ("GET", "HEAD"):
        return safe(request.full_path.rstrip("?"))
    number = (request.view_args or {}).get("report_id")
    return f"/desk/reports/{number}" if isinstance(number, int) else safe(request.path)


def safe(address: str) -> str:
    """`address` if it is a path of a staff page, else "": never another site, never an odd character."""
    plain = address.isprintable() and "\\" not in address and not address.startswith("//")
    parts = urlsplit(address) if plain else urlsplit("")
    inside = any(parts.path == place or parts.path.startswith(f"{place}/") for place in PLACES)
    return address if inside and not parts.scheme and not parts.netloc and ".." not in parts.path else ""


def home(operator: Operator) -> str:
    """Where a person starts."""
    if operator.reads_reports:
        return "/desk"
    return "/people" if operator.may(Right.MANAGE_PEOPLE) else "/me"


def begin(operator_id: int, proven: str, user_agent: str) -> bool:
    """A new session with a new id and a new form token; only the language is taken over.

    False where the password with the hash `proven` opens nothing any more.
    """
    token, language = passwords.token(), session.get(LANGUAGE)
    mark = passwords.fingerprint(token)
    if not run_in_transaction(lambda: sessions.open_by_password(operator_id, proven, mark, user_agent)):
        return False
    forget()
    session[access.SID] = token
    session.permanent = True
    if language:
        session[LANGUAGE] = language
    return True


def forget() -> None:
    """Nothing of the browser's session stays, the form token of this request neither."""
    session.clear()
    g.pop("csrf_token", None)


def wait_sentence(seconds: int) -> str:
    """How long to wait before the next attempt, in words."""
    if seconds < 60:
        return str(ngettext("Too many attempts. Try again in %(num)s second.",
                            "Too many attempts. Try again in %(num)s seconds.", seconds))
    minutes = -(-seconds // 60)
    return str(ngettext("Too many attempts. Try again in %(num)s minute.",
                        "Too many attempts. Try again in %(num)s minutes.", minutes))


def wrong_sentence() -> str:
    """The same for a wrong password, a wrong address and a person who may not sign in."""
    return str(gettext("The e-mail address or the password is not right. Passwords know small and capital letters."))


