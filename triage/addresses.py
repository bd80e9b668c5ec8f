"""Addresses of people and of accounts: one spelling per address, and what of it everybody may see."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from triage.errors import N_, BadInput

MOST = 254
HINT_MOST = 80
SHORT_CODE = re.compile(r"[0-9]{3,8}")
# The name a text message may come from instead of a number: at most 11 letters, digits and signs, as carriers allow.
# What begins like a number is a mistyped one.
SENDER_NAME = re.compile(r"(?![+0-9 ])(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11}")
EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+\.[^\s@.<>,;:\"()\[\]\\]+")

NOT_A_PHONE = N_("This is not a telephone number: write it with its country code, as in +254 700 000 101.")
NOT_AN_EMAIL = N_("This is not an e-mail address: write it in full, such as amina@example.org.")
NOT_AN_ADDRESS = N_("An address is needed, at most %(most)s characters without spaces.")


def normalise(kind: str, text: str, region: str) -> str:
    """The one spelling of an address of `kind`: phones as E.164, everything else in lower case.

    `region` (two letters) is where a phone number without a country code is at home. Short codes stay
    as they are. Raises BadInput with a sentence.
    """
    plain = unicodedata.normalize("NFC", text).strip()
    if kind == "phone":
        return _phone(plain, region)
    if kind == "email":
        return _email(plain)
    return _handle(plain)


def sender_name(text: str) -> str | None:
    """The one spelling of a name that text messages can come from and nobody can answer; None where it is no such name.

    Capitals stay: they are what people read.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return plain if SENDER_NAME.fullmatch(plain) else None


def region(address: str) -> str | None:
    """The country of a telephone number, as two letters; None for whatever tells of none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(address))
    except phonenumbers.NumberParseException:
        return None


def hint(kind: str, address: str) -> str:
    """What staff may always see of an address: two digits, a letter and the domain, or the public handle."""
    if kind == "phone":
        return f"…{address[-2:]}"
    if kind == "email":
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}…@{domain}"[:HINT_MOST]
    return address[:HINT_MOST]


def _phone(text: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as problem:
        raise BadInput(NOT_A_PHONE, "address") from problem
    digits = phonenumbers.normalize_digits_only(text)
    if SHORT_CODE.fullmatch(digits) and not text.startswith(("+", "＋", "0")):
        return digits
    if not phonenumbers.is_possible_number(number):
        raise BadInput(NOT_A_PHONE, "address")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(text: str) -> str:
    if len(text) > MOST or not text.isprintable() or not EMAIL.fullmatch(text):
        raise BadInput(NOT_AN_EMAIL, "address")
    return text.lower()


def _handle(text: str) -> str:
    if not text or len(text) > MOST or not text.isprintable() or " " in text:
        raise BadInput(NOT_AN_ADDRESS, "address", most=MOST)
    return text.lower()
