"""The `.env` of a real desk: its keys, and the few answers a desk begins with."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import click
from dotenv import dotenv_values

import config

KEYS = ("SECRET_KEY", "TRIAGE_KEYS")
HEAD = """\
# The settings of this desk; docs/operations.md lists them all. Only its owner may read this file.
# TRIAGE_KEYS opens the phone numbers and addresses in the database. Keep a copy somewhere else:
# without it they are lost for ever, and so is the way back to the people who wrote.
"""


def new_keys() -> dict[str, str]:
    """Fresh random keys: for cookies and forms, for the blind index, for the sealed fields."""
    index, sealing = (base64.b64encode(secrets.token_bytes(config.KEY_BYTES)).decode() for _ in range(2))
    return {"SECRET_KEY": secrets.token_urlsafe(48), "TRIAGE_KEYS": f"index:{index},k1:{sealing}"}


def refuse_second(path: Path) -> None:
    """A desk has one set of keys: refuse where `path` or the environment holds some already."""
    held = dotenv_values(path, interpolate=False) if path.exists() else {}
    if any(held.get(name) for name in KEYS):
        raise click.ClickException(f"{path} holds the keys of a desk already. A second set would lose its contacts.")
    named = [name for name in KEYS if os.environ.get(name)]
    if named:
        raise click.ClickException(f"{named[0]} is set in the environment and would outweigh the file. Unset it first.")


def write(path: Path, values: Mapping[str, str]) -> None:
    """Add `values` to the file at `path`, which from then on only its owner can read.

    What stands there is kept. Raises ClickException where the file cannot hold a value.
    """
    before = path.read_text("utf-8") if path.exists() else HEAD
    text = before + "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        path.chmod(0o600)
        file.write(text)
    if {name: dotenv_values(path).get(name) for name in values} != dict(values):
        raise click.ClickException(f"{path} does not give back what was written. Look at it with care.")


def _quoted(value: str) -> str:
    if "${" in value or "\n" in value:
        raise click.ClickException(f"{value!r} cannot stand in a settings file.")
    if all(letter.isalnum() or letter in "-_.:/,+=@" for letter in value):
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
