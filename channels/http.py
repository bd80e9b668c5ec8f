"""One way to speak HTTP to a provider: a session with time-outs, and answers turned into channel errors.

A provider's answer says what the caller must do next (see `channels.errors`):

    2xx                      the answer itself
    429                      RetryLater(Retry-After)
    401, 403                 AccountProblem
    3xx                      AccountProblem: the address moved, and a POST is never sent elsewhere by itself
    408                      Unreachable: the provider says that the request never arrived whole
    504                      OutcomeUnknown: a proxy stopped waiting, the provider may have gone on
    other 4xx                Rejected
    other 5xx                Unreachable
    no connection            Unreachable
    cut or silent afterwards OutcomeUnknown
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from channels.errors import AccountProblem, ChannelError, OutcomeUnknown, Rejected, RetryLater, Unreachable

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0  # below the time after which the desk calls an attempt unknown
PATIENCE_SECONDS = 30.0  # where a provider says "later" and not when
MOST_PATIENCE_SECONDS = 24 * 3600.0

NEVER_LEFT = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)


class _Punctual(HTTPAdapter):
    """Every request has time-outs, also where the caller names none."""

    def __init__(self, timeouts: tuple[float, float]) -> None:
        super().__init__(max_retries=0)
        self._timeouts = timeouts

    def send(self, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or self._timeouts
        return super().send(*args, **options)


def session(*, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS) -> requests.Session:
    """A session whose every request gives up after `connect` and `read` seconds and is never repeated by itself."""
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Punctual((connect, read)))
    return made


def ask(request: Callable[[], requests.Response]) -> requests.Response:
    """The provider's answer where it says yes. Raises the ChannelError that any other answer, or none, means."""
    try:
        response = request()
    except requests.RequestException as problem:
        raise silence(problem) from problem
    error = refusal(response)
    if error is not None:
        raise error
    return response


def refusal(response: requests.Response) -> ChannelError | None:
    """What an answer means, None where it is a yes. Never quotes the answer: it may hold text or a contact."""
    status = response.status_code
    if 200 <= status < 300:
        return None
    said = f"the provider answered {status}"
    if status == 429:
        return RetryLater(_patience(response), said)
    if status in (401, 403) or status < 400:
        return AccountProblem(said)
    if status == 504:
        return OutcomeUnknown(said)
    return Unreachable(said) if status == 408 or status >= 500 else Rejected(said)


def silence(problem: requests.RequestException) -> ChannelError:
    """What no answer means: did the request leave?"""
    if isinstance(problem, ValueError):
        return AccountProblem("the provider's address is not one that can be asked")
    if any(isinstance(cause, NEVER_LEFT) for cause in _causes(problem)):
        return Unreachable("the provider could not be reached")
    return OutcomeUnknown("the provider was asked and did not answer")


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and everything it wraps: urllib3 keeps the true reason in `reason` or in the arguments."""
    waiting, seen = [problem], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (getattr(one, "reason", None), one.__cause__, one.__context__, *one.args)
        waiting += [each for each in inner if isinstance(each, BaseException)]


def _patience(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "").strip()
    seconds = float(text) if text.isascii() and text.isdecimal() else _until(text, response)
    return min(max(seconds, 0.0), MOST_PATIENCE_SECONDS)


def _until(text: str, response: requests.Response) -> float:
    """Seconds to a moment, by the provider's own clock: ours may differ."""
    moment, now = _moment(text), _moment(response.headers.get("Date", ""))
    return (moment - now).total_seconds() if moment and now else PATIENCE_SECONDS


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else None
