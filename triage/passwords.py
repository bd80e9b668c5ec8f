"""Passwords (argon2id, the same time for people we do not know) and the random tokens we hand out."""

from __future__ import annotations

import hashlib
import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from triage.errors import N_, BadInput

LEAST, MOST = 15, 128  # characters; any composition, no periodic change

# Memory in KiB and rounds. `low` is for tests: thousands of log-ins on one machine.
COSTS = {"standard": (64 * 1024, 3), "low": (64, 1)}

AT_ONCE = threading.BoundedSemaphore(4)  # each takes 64 MiB: a flood of log-ins must not eat the machine

TOO_SHORT = N_("A password needs at least %(least)s characters. Four words are easy to remember.")
TOO_LONG = N_("A password has at most %(most)s characters.")
TOO_EASY = N_("This password is too easy to guess: it repeats itself, or holds your name or e-mail address.")


def check(password: str, *own_words: str) -> None:
    """Raise BadInput unless `password` may be used by a person whose names and addresses are `own_words`."""
    if len(password) < LEAST:
        raise BadInput(TOO_SHORT, "password", least=LEAST)
    if len(password) > MOST:
        raise BadInput(TOO_LONG, "password", most=MOST)
    plain = password.casefold()
    left = plain
    for word in sorted(own_words, key=len, reverse=True):
        left = left.replace(word.casefold(), "") if len(word) > 3 else left
    if len(set(plain)) < 5 or len(left) < LEAST // 2:
        raise BadInput(TOO_EASY, "password")


def hashed(password: str, cost: str) -> str:
    """An argon2id hash at `cost` (standard or low). Slow on purpose: never inside a transaction."""
    with AT_ONCE:
        return _hasher(cost).hash(password.encode("utf-8", "surrogatepass"))


def verify(password: str, password_hash: str | None, cost: str) -> bool:
    """Whether `password` belongs to the hash. Without a hash: False, after the same work."""
    known = password_hash or _nobody(cost)
    try:
        with AT_ONCE:
            _hasher(cost).verify(known, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def outdated(password_hash: str, cost: str) -> bool:
    """Whether the hash was made at another cost and should be made anew at the next log-in."""
    return _hasher(cost).check_needs_rehash(password_hash)


def token() -> str:
    """256 random bits that fit into an address: a session's id, an invitation."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is stored of a token: its SHA-256 in hex. Tokens are random, so no salt and no cost is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _hasher(cost: str) -> PasswordHasher:
    memory, rounds = COSTS[cost]
    return PasswordHasher(time_cost=rounds, memory_cost=memory, parallelism=1)


@cache
def _nobody(cost: str) -> str:
    """The hash that unknown people are compared with."""
    return _hasher(cost).hash(b"nobody has this password")
