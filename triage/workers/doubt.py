"""One answer in doubt: a transaction to begin, none to ask its provider, one to write down what was learnt."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from channels.base import Found, Reconciler
from channels.errors import ChannelError, RetryLater
from triage import connections, fitting, logs
from triage.actions import doubt, looks
from triage.actions.looks import Learnt, Question
from triage.crashpoints import crashpoint
from triage.db import run_in_transaction

log = logs.logger(__name__)


def ask(delivery_id: int) -> bool:
    """Ask what became of an answer in doubt, if it is time; whether it is known now. Safe to call at any time."""
    question = run_in_transaction(lambda: looks.begin(delivery_id))
    if question is None:
        return False
    learnt = _find(question)
    crashpoint("doubt.asked")
    sent_as = run_in_transaction(lambda: looks.settle(question, learnt))
    if sent_as is not None:
        _go_on(question, sent_as)
    return sent_as is not None


def _provider(question: Question) -> Reconciler:
    return cast(Reconciler, connections.connect(question.account))


def _find(question: Question) -> Learnt:
    try:
        found: list[Found] = list(_provider(question).find(question.message, question.since, question.until))
        return Learnt(found)
    except RetryLater as problem:
        return Learnt(None, str(problem), problem.after)
    except ChannelError as problem:
        return Learnt(None, str(problem))
    except Exception as problem:
        log.exception("doubt.unexpected", delivery_id=question.delivery_id)
        return Learnt(None, type(problem).__name__)


def _go_on(question: Question, sent_as: str) -> None:
    """What has become of it since: it may have been delivered long ago. A callback or a poll says so, too."""
    try:
        update = _provider(question).check(sent_as)
    except ChannelError:
        return
    with suppress(doubt.NotYet):
        run_in_transaction(lambda: doubt.apply_update(question.account.id, fitting.update(update)))
