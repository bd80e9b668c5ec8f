"""Who would write to whom from which account, and what stands in the way."""

from __future__ import annotations

from triage import clock
from triage.models import Account, Operator, Report
from triage.queries import sending as routes
from triage.queries.shapes import Sending


def sending(report: Report, actor: Operator, *, may_write: bool) -> Sending:
    """How `actor` would answer `report`: the account and its free slots, or the reason why not."""
    route = routes.route(report, actor)
    blocked = _blocked(route, actor, may_write=may_write)
    account = route.account if route else None
    slots = routes.slots(account, clock.now()) if account else None
    return Sending(
        channel=route.channel if route else report.channel, account=account.address if account else None,
        identity=(account.label if account else "") or actor.public_name,
        to=(route.contact.name or route.contact.hint) if route and route.contact else "",
        max_length=route.capabilities.max_length if route else 0,
        is_public=route.capabilities.is_public if route else False, blocked=blocked,
        slots_left=slots.left if slots else None, slots_of=slots.of if slots else None,
        window_seconds=slots.seconds if slots else None, next_slot_at=slots.next_at if slots else None,
    )


def _blocked(route: routes.Route | None, actor: Operator, *, may_write: bool) -> str | None:
    if not may_write:
        return "not_the_holder"
    if route is None:
        return "no_reply_account"
    if route.contact is not None and route.contact.opted_out_at is not None:
        return "opted_out"
    if actor.needs_approval:
        return "needs_approval"
    return "account_paused" if _paused(route.account) else None


def _paused(account: Account | None) -> bool:
    return account is not None and account.paused_at is not None
