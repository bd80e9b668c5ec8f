"""An answer, or none, becomes the error that says what to do next."""

from __future__ import annotations

import socket
import threading

import pytest

from channels import http
from channels.errors import AccountProblem, ChannelError, OutcomeUnknown, Rejected, RetryLater, Unreachable
from tests.channels.desk_door import Door


def ask(url: str, read: float = 5.0) -> None:
    with http.session(connect=1.0, read=read) as session:
        session.trust_env = False
        http.ask(lambda: session.post(url, data=b"x", allow_redirects=False))


@pytest.mark.parametrize("status, error", [
    (400, Rejected), (404, Rejected), (410, Rejected), (422, Rejected),
    (401, AccountProblem), (403, AccountProblem), (302, AccountProblem), (307, AccountProblem),
    (429, RetryLater), (408, Unreachable), (500, Unreachable), (502, Unreachable), (503, Unreachable),
    (504, OutcomeUnknown),
])
def test_every_refusal_says_what_to_do_next(door: Door, status: int, error: type[ChannelError]) -> None:
    door.answers = [status]
    with pytest.raises(error) as caught:
        ask(door.url)
    assert type(caught.value) is error
    assert str(caught.value) == f"the provider answered {status}"
    assert len(door.calls) == 1  # never repeated by itself


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_yes_is_a_yes(door: Door, status: int) -> None:
    door.answers = [status]
    ask(door.url)


@pytest.mark.parametrize("given, seconds", [
    ("17", 17), ("0", 0), ("999999999", 24 * 3600), ("soon", 30), ("-5", 30), ("٣", 30), ("", 30),
    ("Tue, 03 Nov 2026 06:20:30 GMT", 90), ("Tue, 03 Nov 2026 06:00:00 GMT", 0),
])
def test_patience_is_taken_from_the_answer(door: Door, given: str, seconds: float) -> None:
    response = http.requests.Response()
    response.status_code = 429
    response.headers.update({"Retry-After": given, "Date": "Tue, 03 Nov 2026 06:19:00 GMT"})
    found = http.refusal(response)
    assert isinstance(found, RetryLater)
    assert found.after == seconds


def test_nobody_there_never_took_effect() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable):
        ask(f"http://127.0.0.1:{port}/")


def test_a_name_nobody_knows_never_took_effect() -> None:
    with pytest.raises(Unreachable):
        ask("http://nowhere.invalid/")


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://[::1", "ftp://desk.example/"])
def test_an_address_that_is_none_is_the_accounts_problem(url: str) -> None:
    with pytest.raises(AccountProblem):
        ask(url)


def test_hanging_up_after_the_request_leaves_the_outcome_unknown(door: Door) -> None:
    door.answers = [0]
    with pytest.raises(OutcomeUnknown):
        ask(door.url)
    assert len(door.calls) == 1


def test_silence_after_the_request_leaves_the_outcome_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        taken: list[socket.socket] = []
        thread = threading.Thread(target=lambda: taken.append(deaf.accept()[0]))
        thread.start()
        with pytest.raises(OutcomeUnknown):
            ask(f"http://127.0.0.1:{deaf.getsockname()[1]}/", read=0.2)
        thread.join()
        taken[0].close()
