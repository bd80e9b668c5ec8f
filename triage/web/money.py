"""Amounts of money as people write and read them; inside they are millionths of the desk's currency."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import format_currency
from flask import Flask
from flask_babel import format_decimal, get_locale

from triage import context
from triage.errors import N_, BadInput
from triage.queries.costs import MICROS
from triage.web import forms

AMOUNT = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,6})?")
NO_AMOUNT = N_("Write an amount in figures, such as 2.50 or 0.032, without a currency.")


def field(name: str) -> int | None:
    """A field with an amount, in millionths; None where it is empty. Raises BadInput."""
    text = forms.text(name, most=40)
    return parsed(text, name) if text else None


def parsed(text: str, name: str = "price") -> int:
    """`0.032` or `0,032` in millionths. Raises BadInput for the field `name`."""
    if not AMOUNT.fullmatch(text):
        raise BadInput(NO_AMOUNT, name)
    return int(Decimal(text.replace(",", ".")) * MICROS)


def plain(micros: int | None) -> str:
    """An amount as one writes it into a field; "" for none."""
    if micros is None:
        return ""
    whole, rest = divmod(micros, MICROS)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def shown(micros: int) -> str:
    """An amount with its currency as its reader writes them, with every digit that counts."""
    amount = Decimal(micros) / MICROS
    return format_currency(amount, context.settings().currency, locale=get_locale(), decimal_quantization=False)


def init_app(app: Flask) -> None:
    """Let templates say amounts, and whole numbers as their reader writes them."""
    app.jinja_env.filters.update(money=shown, amount=plain, number=format_decimal)
