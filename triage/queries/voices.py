"""How an account signs: the line citizens read beneath or beside an answer."""

from __future__ import annotations

from flask_babel import force_locale, gettext

from triage import context
from triage.models import Account, Operator


def identity_line(account: Account | None, operator: Operator | None, language: str | None = None) -> str:
    """Who citizens are told has written, such as "Amina, volunteer at Harbour Election Desk".

    `operator` is the owner of the account, or who writes by a shared one (None: the desk itself). What somebody
    wrote as the label of their account stands as it is; the label of a shared one is the desk's name as its
    readers know it. `language` is the reader's; None: the desk's first.
    """
    settings = context.settings()
    label = account.label if account is not None else ""
    if label and account is not None and account.operator_id is not None:
        return label
    desk = label or settings.desk_name
    if operator is None:
        return desk
    with force_locale(language or settings.desk_languages[0]):
        return str(gettext("%(name)s, volunteer at %(desk)s", name=operator.public_name, desk=desk))
