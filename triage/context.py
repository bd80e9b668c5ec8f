"""The running desk's settings and keys, for the layers below the web."""

from __future__ import annotations

from typing import cast

from flask import current_app

from config import Settings
from triage.files import Files
from triage.sealing import KeyRing
from triage.spool import Spool


def settings() -> Settings:
    """The settings the application was made with."""
    return cast(Settings, current_app.config["SETTINGS"])


def keyring() -> KeyRing:
    """The key ring of the desk."""
    return cast(KeyRing, current_app.config["KEYRING"])


def spool() -> Spool:
    """Where what arrives is kept while the database is away."""
    return cast(Spool, current_app.config["SPOOL"])


def files() -> Files:
    """Where what comes and goes with messages is kept."""
    return cast(Files, current_app.config["FILES"])
