"""The price list: what one part of a message to a country costs at each provider."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from triage import connections, context
from triage.actions import prices as change
from triage.db import run_in_transaction
from triage.errors import BadInput
from triage.queries import costs
from triage.rights import Right
from triage.web import errors, forms, money
from triage.web.access import actor, admits
from triage.web.desk import NUMBER

bp = Blueprint("prices", __name__)


@bp.get("/accounts/prices")
@admits(Right.MANAGE_ACCOUNTS)
def everything() -> ResponseReturnValue:
    """The list, and the form to add a price or to correct one."""
    return _page()


def _page(status: int = 200, trouble: str = "", wrong: str = "") -> ResponseReturnValue:
    pairs = [(channel, provider) for channel, carriers in connections.offered().items() for provider in carriers
             if connections.capabilities(channel, provider).can_reply]
    return render_template(
        "accounts/prices.html", prices=costs.prices(actor()), pairs=pairs, country=country, trouble=trouble,
        wrong=wrong, typed=request.form, currency=context.settings().currency,
        region=context.settings().default_region,
    ), status


def country(region: str) -> str:
    """A country's name in the reader's language; "" for everywhere else."""
    locale = get_locale()
    return str(locale.territories.get(region, region)) if locale is not None and region != costs.ANYWHERE else ""


@bp.post("/accounts/prices")
@admits(Right.MANAGE_ACCOUNTS)
def put() -> ResponseReturnValue:
    """One price, new or corrected."""
    one, (channel, _slash, provider) = actor(), forms.text("carrier", most=90).partition("/")
    region, text = forms.text("region", most=10), forms.text("price", most=40, required=True)
    try:
        micros = money.parsed(text)
        run_in_transaction(lambda: change.set_price(channel, provider, region, micros, one))
    except BadInput as problem:
        return _page(problem.status, errors.sentence(problem), problem.field)
    flash(_("Saved. What was sent before keeps the price it had."), "calm")
    return redirect(url_for("prices.everything"), 303)


@bp.post(f"/accounts/prices/<{NUMBER}:price_id>/remove")
@admits(Right.MANAGE_ACCOUNTS)
def remove(price_id: int) -> ResponseReturnValue:
    """Take one price off the list."""
    one = actor()
    run_in_transaction(lambda: change.remove_price(price_id, one))
    flash(_("The price is off the list."), "calm")
    return redirect(url_for("prices.everything"), 303)
