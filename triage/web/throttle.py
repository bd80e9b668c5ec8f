"""The brake on signing in: per account and per network, for a while and never for ever.

Web nodes that share a Redis count together there. While it is away each counts for itself, in its memory: the
brake then takes hold later (as many tries more as there are nodes), and people still get to work.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, request
from limits import RateLimitItem, parse_many
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from triage import broker, clock, context, logs
from triage.errors import N_, TriageError

PER_ACCOUNT = parse_many("5/minute;20/hour")
PER_NETWORK = parse_many("20/15minute")  # wrong attempts only: a whole desk may sit behind one address
PREFIXES = {4: 24, 6: 48}
MEMORY = "memory://"

T = TypeVar("T")
log = logs.logger(__name__)


class Unchecked(TriageError):
    """The counter cannot be asked; signing in is refused until it can."""

    code, status = "sign_in_unavailable", 503
    sentence = N_("Signing in is not possible just now. Try again in a minute; if it stays, tell your admin.")


def init_app(app: Flask) -> None:
    """Count in memory; where several nodes must count together, in Redis first."""
    url = app.config["SETTINGS"].redis_url
    shared = [Counter(_limiter(url, **broker.impatient()))] if url else []
    app.extensions["sign_in_counters"] = [*shared, Counter(_limiter(MEMORY))]


def _limiter(storage: str, **options: object) -> RateLimiter:
    found = storage_from_string(storage, **options)  # type: ignore[arg-type]  # what redis-py takes, not only int and str
    return MovingWindowRateLimiter(found)


class Counter:
    """One place where attempts are counted. After a failure it is left alone for a moment."""

    def __init__(self, limiter: RateLimiter) -> None:
        """Nothing has failed yet."""
        self.limiter = limiter
        self.breaker = broker.Breaker()


def network() -> str:
    """The asker's network (/24 or /48); addresses that are none share one."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "?"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, PREFIXES[address.version]), strict=False))


def try_once(email: str) -> int:
    """Count one attempt to sign in; 0, or how many seconds to wait first. Raises Unchecked."""
    account, asker = _account(email), _network()

    def count(counter: RateLimiter) -> int:
        waits = [_wait(counter, limit, account) for limit in PER_ACCOUNT]
        waits += [_wait(counter, limit, asker) for limit in PER_NETWORK]
        if max(waits) == 0 and not all(counter.hit(limit, *account) for limit in PER_ACCOUNT):
            return 1  # somebody was faster for the last place
        return max(waits)

    return _asked(count)


def wrong() -> None:
    """The attempt was wrong: count it for the network too. Raises Unchecked."""
    asker = _network()
    _asked(lambda counter: [counter.hit(limit, *asker) for limit in PER_NETWORK])


def right(email: str) -> None:
    """The attempt was right: the account's count begins anew. Raises Unchecked."""
    account = _account(email)

    def forget(counter: RateLimiter) -> None:
        for limit in PER_ACCOUNT:
            counter.clear(limit, *account)

    _asked(forget)


def _wait(counter: RateLimiter, limit: RateLimitItem, who: tuple[str, str]) -> int:
    stats = counter.get_window_stats(limit, *who)
    return 0 if stats.remaining > 0 else max(1, round(stats.reset_time - clock.now().timestamp()))


def _account(email: str) -> tuple[str, str]:
    """A fingerprint: whoever reads the counters learns no address."""
    return "account", context.keyring().blind("sign-in account", email.strip().lower())


def _network() -> tuple[str, str]:
    return "network", context.keyring().blind("sign-in network", network())


def _asked(question: Callable[[RateLimiter], T]) -> T:
    """What the first counter that answers says. Unchecked, which closes the door, where none does."""
    for counter in current_app.extensions["sign_in_counters"]:
        if counter.breaker.open:
            continue
        try:
            return question(counter.limiter)
        except Exception as problem:
            if counter.breaker.trip():
                log.warning("sign_in.counter_away", problem=type(problem).__name__)
    raise Unchecked
