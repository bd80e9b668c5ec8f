"""The brake on signing in: per account and per network, for a while and never for ever."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse_many
from limits.strategies import RateLimiter

from triage import clock, context
from triage.errors import N_, TriageError

PER_ACCOUNT = parse_many("5/minute;20/hour")
PER_NETWORK = parse_many("20/15minute")  # wrong attempts only: a whole desk may sit behind one address
PREFIXES = {4: 24, 6: 48}


class Unchecked(TriageError):
    """The counter cannot be asked; signing in is refused until it can."""

    code, status = "sign_in_unavailable", 503
    sentence = N_("Signing in is not possible just now. Try again in a minute; if it stays, tell your admin.")


def init_app(app: Flask) -> None:
    """Count in memory, or in Redis where several processes must count together."""
    storage = app.config["SETTINGS"].redis_url or "memory://"
    app.extensions["sign_in_limiter"] = Limiter(
        network, app=app, storage_uri=storage, strategy="moving-window", headers_enabled=False
    )


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
    with _counter() as counter:
        waits = [_wait(counter, limit, account) for limit in PER_ACCOUNT]
        waits += [_wait(counter, limit, asker) for limit in PER_NETWORK]
        if max(waits) == 0 and not all(counter.hit(limit, *account) for limit in PER_ACCOUNT):
            return 1  # somebody was faster for the last place
    return max(waits)


def wrong() -> None:
    """The attempt was wrong: count it for the network too. Raises Unchecked."""
    with _counter() as counter:
        for limit in PER_NETWORK:
            counter.hit(limit, *_network())


def right(email: str) -> None:
    """The attempt was right: the account's count begins anew. Raises Unchecked."""
    with _counter() as counter:
        for limit in PER_ACCOUNT:
            counter.clear(limit, *_account(email))


def _wait(counter: RateLimiter, limit: RateLimitItem, who: tuple[str, str]) -> int:
    stats = counter.get_window_stats(limit, *who)
    return 0 if stats.remaining > 0 else max(1, round(stats.reset_time - clock.now().timestamp()))


def _account(email: str) -> tuple[str, str]:
    """A fingerprint: whoever reads the counters learns no address."""
    return "account", context.keyring().blind("sign-in account", email.strip().lower())


def _network() -> tuple[str, str]:
    return "network", context.keyring().blind("sign-in network", network())


@contextmanager
def _counter() -> Iterator[RateLimiter]:
    """The counter; whatever goes wrong there (Redis is away) closes the door."""
    try:
        yield current_app.extensions["sign_in_limiter"].limiter
    except Exception as problem:
        raise Unchecked from problem
