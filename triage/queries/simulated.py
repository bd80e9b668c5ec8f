"""What the page that plays citizens must know of the desk: where to write to, and which report came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from triage.db import db
from triage.models import Account, Message, Operator

AT_ONCE = 500  # names in one statement


@dataclass(frozen=True)
class Door:
    """An address of ours at the simulator; `owner` is the public name of the operator it belongs to, if any."""

    channel: str
    address: str
    label: str
    owner: str | None


def doors() -> list[Door]:
    """Every account citizens can write to at the simulator: shared ones first."""
    query = (
        select(Account.channel, Account.address, Account.label, Operator.public_name)
        .outerjoin(Operator, Operator.id == Account.operator_id)
        .where(Account.provider == "simulator", Account.can_receive)
        .order_by(Account.operator_id.is_not(None), Account.id)
    )
    return [Door(*row) for row in db.session.execute(query)]


def reports_of(dedupe_keys: Sequence[str]) -> dict[str, int]:
    """The numbers of the reports that hold these messages, by the messages' names."""
    found: dict[str, int] = {}
    for start in range(0, len(dedupe_keys), AT_ONCE):
        some = dedupe_keys[start : start + AT_ONCE]
        query = select(Message.dedupe_key, Message.report_id).where(Message.dedupe_key.in_(some))
        found.update({row.dedupe_key: row.report_id for row in db.session.execute(query)})
    return found
