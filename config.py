"""Settings: the environment (and `.env`) read once, validated, one sentence per mistake.

`Settings` is frozen; `load(environ)` is the only way to make one from outside values. Times are
in the unit their name says. Nothing of the project is imported here.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"
KEY_BYTES = 32
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")

T = TypeVar("T")


class ConfigError(Exception):
    """A setting is missing or wrong; `str()` is one sentence for the person who installs."""


@dataclass(frozen=True)
class Settings:
    """Every setting of a desk. Names follow the design's list of settings in lower case."""

    secret_key: str
    triage_keys: Mapping[str, bytes]  # key id -> 32 bytes; the first sealing key is current, "index" is the blind index
    database_url: str = f"sqlite:///{INSTANCE / 'triage.db'}"
    public_url: str = "http://127.0.0.1:8000"
    staff_url: str = "http://127.0.0.1:8000"
    redis_url: str | None = None
    spool_path: str = str(INSTANCE / "spool")  # what arrives while the database is away
    files_path: str = str(INSTANCE / "files")  # pictures, sounds and documents, each sealed
    desk_name: str = "Triage"
    desk_languages: tuple[str, ...] = ("en", "es")
    default_region: str = "KE"
    danger_phone: str = ""  # printed on the citizen's form: "In danger now? Call ..."
    currency: str = "USD"  # what prices, budgets and stop levels are written in
    undo_seconds: int = 8
    most_parts: int = 3  # into how many text messages one answer may be cut
    lease_minutes: int = 20
    attempt_seconds: int = 60  # longer than any channel's own time-out: after it an attempt's outcome is unknown
    reopen_hours: int = 72
    repeats_to_decide: int = 3  # so many new people within an hour: a coordinator is asked about what was closed
    capacity: int = 8
    max_sockets: int = 100
    session_hours: int = 12
    form_per_10_minutes: int = 30
    api_writes_per_minute: int = 600  # of one token, at one web process
    proxies: int = 0  # how many proxies of ours stand before the server: only their word on the visitor counts
    prefer_same_operator: bool = False  # what is linked into an incident goes to the one who holds others of it
    acknowledge: bool = True  # one neutral answer a day to whoever writes privately
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""  # two with a comma between while one is being replaced: both verify, the first sends
    twilio_api_base: str = "https://api.twilio.com"
    poll_seconds: int = 60  # how often each account's provider is asked what has come
    poll_only: bool = False  # nobody can reach the desk from outside: providers are asked, none is told where to call
    demo: bool = False
    simulator_path: str = str(INSTANCE / "simulator.db")
    password_cost: str = "standard"  # noqa: S105 - a cost level, not a password
    testing: bool = False
    log_level: str = "warning"
    log_format: str = "auto"
    metrics_token: str = ""  # who shows it may read /metrics from elsewhere; empty: only this machine may
    backup_to: str = ""  # the public key (age) that copies are sealed to
    extra_origins: tuple[str, ...] = field(default=())

    @property
    def secure(self) -> bool:
        """Whether staff reach the desk over https, which decides cookie names and the Secure flag."""
        return urlsplit(self.staff_url).scheme == "https"

    @property
    def origins(self) -> tuple[str, ...]:
        """Browser origins that may open a socket; on loopback both spellings of this machine."""
        return _origins(self.staff_url) + self.extra_origins


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ` (default: `.env` beside this file, overridden by the environment).

    Raises ConfigError with one sentence for the first wrong or missing value.
    """
    source = _environment() if environ is None else environ
    demo = _flag(source, "DEMO")
    public_url = _url(source, "PUBLIC_URL", f"http://127.0.0.1:{source.get('PORT', '8000')}")
    sid, token = _twilio(source)
    return Settings(
        secret_key=_secret(source),
        triage_keys=_keys(source),
        database_url=source.get("DATABASE_URL") or _own_database(demo=demo),
        public_url=public_url,
        staff_url=_url(source, "STAFF_URL", public_url),
        redis_url=source.get("REDIS_URL") or None,
        spool_path=source.get("SPOOL_PATH") or str(INSTANCE / ("demo-spool" if demo else "spool")),
        files_path=source.get("FILES_PATH") or str(INSTANCE / ("demo-files" if demo else "files")),
        desk_name=source.get("DESK_NAME") or ("Practice desk" if demo else "Triage"),
        desk_languages=_languages(source),
        default_region=_region(source),
        danger_phone=source.get("DANGER_PHONE", ""),
        currency=_currency(source),
        prefer_same_operator=_flag(source, "PREFER_SAME_OPERATOR"),
        acknowledge=_choice(source, "ACKNOWLEDGE", ("0", "1"), "1") == "1",
        twilio_account_sid=sid,
        twilio_auth_token=token,
        twilio_api_base=_url(source, "TWILIO_API_BASE", "https://api.twilio.com"),
        poll_only=_flag(source, "POLL_ONLY"),
        demo=demo,
        simulator_path=source.get("SIMULATOR_PATH") or str(INSTANCE / "simulator.db"),
        testing=_flag(source, "TESTING"),
        password_cost=_choice(source, "PASSWORD_COST", ("standard", "low"), "standard"),
        log_level=_choice(source, "LOG_LEVEL", LOG_LEVELS, "warning"),
        log_format=_choice(source, "LOG_FORMAT", ("auto", "json", "plain"), "auto"),
        metrics_token=_token(source, "METRICS_TOKEN"),
        backup_to=_recipient(source, "BACKUP_TO"),
        extra_origins=tuple(filter(None, source.get("EXTRA_ORIGINS", "").split(","))),
        **_numbers(source),
    )


def load_for_commands() -> Settings:
    """The settings of the desk that `make run` serves here: its own, else the practice desk's. Raises ConfigError."""
    source, practice = _environment(), INSTANCE / "demo.env"
    if source.get("SECRET_KEY") or not practice.exists():
        return load(source)
    return load({**source, **_values(practice), "DEMO": "1"})


def _own_database(*, demo: bool) -> str:
    """A practice desk never shares its file with a real one: their keys differ, and so does what they are worth."""
    return f"sqlite:///{INSTANCE / ('demo.db' if demo else 'triage.db')}"


def _environment() -> dict[str, str]:
    return {**_values(ROOT / ".env"), **os.environ}


def _values(file: Path) -> dict[str, str]:
    return {key: value for key, value in dotenv_values(file).items() if value is not None}


LIMITS = {
    "UNDO_SECONDS": (8, 0, 30),
    "MOST_PARTS": (3, 1, 10),
    "LEASE_MINUTES": (20, 1, 1440),
    "ATTEMPT_SECONDS": (60, 2, 600),
    "REOPEN_HOURS": (72, 0, 8760),
    "REPEATS_TO_DECIDE": (3, 1, 1000),
    "CAPACITY": (8, 1, 1000),
    "MAX_SOCKETS": (100, 1, 10000),
    "SESSION_HOURS": (12, 1, 18),
    "FORM_PER_10_MINUTES": (30, 1, 100000),
    "API_WRITES_PER_MINUTE": (600, 1, 100000),
    "PROXIES": (0, 0, 5),
    "POLL_SECONDS": (60, 1, 3600),
}


def _numbers(source: Mapping[str, str]) -> dict[str, int]:
    return {
        name.lower(): _whole(source, name, default, low, high)
        for name, (default, low, high) in LIMITS.items()
    }


def _twilio(source: Mapping[str, str]) -> tuple[str, str]:
    """Twilio's account and its tokens: both or neither."""
    account = source.get("TWILIO_ACCOUNT_SID", "").strip()
    tokens = [token.strip() for token in source.get("TWILIO_AUTH_TOKEN", "").split(",") if token.strip()]
    if account and not re.fullmatch("AC[0-9a-fA-F]{32}", account):
        raise ConfigError("TWILIO_ACCOUNT_SID must be AC and 32 digits or letters from a to f, as Twilio shows it.")
    if bool(account) != bool(tokens):
        raise ConfigError("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN belong together: set both, or neither.")
    if len(tokens) > 2 or not all(token.isascii() and token.isprintable() and len(token) >= 32 for token in tokens):
        raise ConfigError("TWILIO_AUTH_TOKEN must be one token as Twilio shows it, or two with a comma between.")
    return account, ",".join(tokens)


def _whole(source: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = source.get(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)


def _flag(source: Mapping[str, str], name: str) -> bool:
    return _choice(source, name, ("0", "1"), "0") == "1"


def _choice(source: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = source.get(name) or default
    if value not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def _url(source: Mapping[str, str], name: str, default: str) -> str:
    value = (source.get(name) or default).rstrip("/")
    parts = _parsed(lambda: urlsplit(value), f"{name} is not an address: {value!r}.")
    _parsed(lambda: parts.port, f"{name} has a port that cannot be: {value!r}.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{name} must start with http:// or https:// and name a host, not {value!r}.")
    return value


def _secret(source: Mapping[str, str]) -> str:
    value = source.get("SECRET_KEY", "")
    if len(value) < KEY_BYTES:
        raise ConfigError(
            f"SECRET_KEY must be at least {KEY_BYTES} characters; `flask triage init` writes one for you."
        )
    return value


def _token(source: Mapping[str, str], name: str) -> str:
    value = source.get(name, "")
    if value and len(value) < KEY_BYTES:
        raise ConfigError(f"{name} must be at least {KEY_BYTES} characters, or be left out.")
    return value


def _recipient(source: Mapping[str, str], name: str) -> str:
    value = source.get(name, "").strip()
    if value and not value.startswith("age1"):
        raise ConfigError(f"{name} must be a public key that begins with age1; `flask triage backup-key` makes one.")
    return value


def _keys(source: Mapping[str, str]) -> dict[str, bytes]:
    """TRIAGE_KEYS is `id:base64,id:base64,...`; one id must be `index`, at least one other must stand."""
    text = source.get("TRIAGE_KEYS", "")
    keys = dict(_key(part) for part in text.split(",") if part.strip())
    if "index" not in keys or len(keys) < 2:
        raise ConfigError(
            "TRIAGE_KEYS must hold an `index` key and at least one sealing key; "
            "`flask triage init` writes them for you."
        )
    if len(set(keys.values())) != len(keys):
        raise ConfigError("TRIAGE_KEYS holds the same key twice; each key must be its own.")
    return keys


def _key(part: str) -> tuple[str, bytes]:
    name, _, text = part.strip().partition(":")
    complaint = f"TRIAGE_KEYS: the key {name!r} is not {KEY_BYTES} bytes in base64."
    value = _parsed(lambda: base64.b64decode(text, validate=True), complaint)
    if not name or len(value) != KEY_BYTES:
        raise ConfigError(complaint)
    return name, value


def _parsed(read: Callable[[], T], complaint: str) -> T:
    try:
        return read()
    except (ValueError, binascii.Error) as problem:
        raise ConfigError(complaint) from problem


def _languages(source: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(part.strip() for part in source.get("DESK_LANGUAGES", "en,es").split(",") if part.strip())
    if not names or not all(name.replace("-", "").isalpha() for name in names):
        raise ConfigError(f"DESK_LANGUAGES must be language codes such as en,es, not {names!r}.")
    return names


def _region(source: Mapping[str, str]) -> str:
    value = source.get("DEFAULT_REGION", "KE").upper()
    if len(value) != 2 or not value.isalpha():
        raise ConfigError(f"DEFAULT_REGION must be a two-letter country code such as KE, not {value!r}.")
    return value


def _currency(source: Mapping[str, str]) -> str:
    value = source.get("CURRENCY", "USD").upper()
    if len(value) != 3 or not (value.isascii() and value.isalpha()):
        raise ConfigError(f"CURRENCY must be a currency's three letters such as USD, not {value!r}.")
    return value


def _origins(address: str) -> tuple[str, ...]:
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    if parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1"):
        return (f"http://localhost{port}", f"http://127.0.0.1{port}")
    return (f"{parts.scheme}://{parts.netloc}",)
