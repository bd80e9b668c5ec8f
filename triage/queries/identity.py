"""Who would write to whom from which account, when it would leave, and what stands in the way."""

from __future__ import annotations

from typing import Any

from triage import addresses, clock, context
from triage.models import Account, Contact, Operator, Report
from triage.models.reports import DANGER
from triage.queries import costs, forecast, signing, slots
from triage.queries import sending as routes
from triage.queries.forecast import Outlook
from triage.queries.shapes import Sending

AT_ONCE = Outlook(None, None, 0)


def sending(report: Report, actor: Operator, *, may_write: bool, by: str | None = None) -> Sending:
    """How `actor` would answer `report`: the account and its free slots, or the reason why not.

    `by` names the other channel to the same person, where the time of the usual one has ended.
    """
    route = routes.chosen(report, actor, by)
    if route is None:
        return Sending(channel=routes.needed(report), account=None, identity=actor.public_name, to="", max_length=0,
                       is_public=False, blocked=_unanswerable(report) if may_write else "not_the_holder",
                       **_budget(None, AT_ONCE), by_hand=_by_hand(report, actor, may_write=may_write))
    urgent = report.priority == DANGER
    outlook = forecast.of_new(route.account, actor.id, urgent=urgent) if route.account is not None else AT_ONCE
    blocked = _blocked(route, actor, outlook) if may_write else "not_the_holder"
    return Sending(
        channel=route.channel, account=route.account.address if route.account else None,
        identity=_name(route.account, actor), to=_to(route.contact), max_length=route.capabilities.max_length,
        is_public=route.capabilities.is_public, blocked=blocked, **_budget(route.account, outlook),
        **_limits(route, report, actor), by_hand=_by_hand(report, actor, may_write=may_write),
    )


def _name(account: Account | None, actor: Operator) -> str:
    return (account.label if account is not None and account.operator_id == actor.id else "") or actor.public_name


def _to(contact: Contact | None) -> str:
    return contact.name or contact.hint if contact is not None else ""


def _budget(account: Account | None, outlook: Outlook) -> dict[str, Any]:
    """What is left of the tightest limit, and when the answer would leave."""
    room = routes.slots(account, clock.now()) if account is not None else None
    return {
        "slots_left": room.left if room else None, "slots_of": room.of if room else None,
        "window_seconds": room.seconds if room else None, "next_slot_at": room.next_at if room else None,
        "leaves_at": outlook.at, "ahead": outlook.ahead,
        "silent_since": slots.silent_since(account, clock.now()) if account is not None else None,
    }


def _limits(route: routes.Route, report: Report, actor: Operator) -> dict[str, Any]:
    """What the text must fit: the line it ends with, its parts and their price, and until when it may be sent."""
    within, other = route.capabilities.answer_within, routes.instead(route, report, actor)
    return {
        "files": route.capabilities.attachments,
        "ending": signing.ending(route, report, actor), "segmented": route.capabilities.segmented,
        "most_parts": context.settings().most_parts, "part_micros": _price(route),
        "closes_at": routes.closes_at(route), "hours": within // 3600 if within else None,
        "instead": other.channel if other else None,
    }


def _price(route: routes.Route) -> int | None:
    """What one part costs; no address is opened where the desk has no prices."""
    account, contact = route.account, route.contact
    if account is None or contact is None or contact.address_kind != "phone":
        return None
    if not costs.priced(account.channel, account.provider):
        return None
    address = context.keyring().open(contact.address_sealed, contact.address_context)
    return costs.price_of(account.channel, account.provider, addresses.region(address))


def _by_hand(report: Report, actor: Operator, *, may_write: bool) -> str | None:
    """The own account that an answer sent by hand is told to come from; None where there could be none."""
    route = routes.by_own(report, actor) if may_write and not actor.needs_approval else None
    if route is None or route.account is None or (route.contact is not None and route.contact.opted_out_at is not None):
        return None
    return route.account.address


def _unanswerable(report: Report) -> str:
    known = report.contact_id is not None or report.reply_contact_id is not None
    return "no_reply_account" if known else "nobody_known"


def _blocked(route: routes.Route, actor: Operator, outlook: Outlook) -> str | None:
    if route.contact is not None and route.contact.opted_out_at is not None:
        return "opted_out"
    if actor.needs_approval:
        return "needs_approval"
    return "window_closed" if routes.closed(route) else _stands_still(route.account, outlook)


def _stands_still(account: Account | None, outlook: Outlook) -> str | None:
    """Why nothing leaves by this account before a person has done something, or for hours."""
    if account is None:
        return None
    if account.paused_at is not None:
        return "account_paused"
    if account.trouble is not None:
        return f"account_{account.trouble}"
    return "ceiling_reached" if outlook.why == "ceiling" else None
