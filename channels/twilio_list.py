"""Twilio's own list of messages, asked: what a webhook did not bring, and what became of a send in doubt.

Time is Twilio's: the moment of its answer, not of our clock. Every window overlaps the one before, because a
message may be listed a little after its time; the same message has the same external id each time, and
counts once. Source: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from twilio.rest import Client

from channels import segments, twilio_addresses, twilio_client, twilio_messages
from channels.base import AccountSettings, DeliveryUpdate, Found, InboundMessage, OutboundMessage, Poll, RemoteFile
from channels.errors import AccountProblem, ChannelError, Rejected, Unreachable, Unreadable
from channels.fields import BROKEN

OVERLAP = timedelta(minutes=15)
WINDOW = timedelta(hours=6)  # of one poll: after a long silence several polls catch up
PAGE = 500
SKEW = timedelta(minutes=5)  # between Twilio's clock and ours
MOST_FOUND = 200  # messages to one person that are looked at


def poll(account: AccountSettings, channel: str, cursor: str | None) -> Poll:
    """What is listed for one account since `cursor`, which is a moment (ISO 8601) that an earlier poll gave.

    None: nothing yet, only where to begin; what lies at Twilio from before is not brought in unasked. Raises
    Unreachable, RetryLater or AccountProblem; then nothing was read and the same cursor is right the next time.
    """
    wire = twilio_client.wire(account)
    client = twilio_client.client(account, wire)
    address = twilio_addresses.spelt(channel, account.address)
    with asking():
        client.messages.list(to=address, limit=1, page_size=1)
        span = window(cursor, wire.answered_at)
        if span.since is None:
            return Poll((), span.cursor)
        when = {"date_sent_after": span.since, "date_sent_before": span.until, "page_size": PAGE}
        theirs = [_message(account, client, one) for one in client.messages.stream(to=address, **when)]
        ours = [_update(channel, account.address, one) for one in client.messages.stream(from_=address, **when)]
    return Poll([one for one in (*theirs, *ours) if one is not None], span.cursor)


@dataclass(frozen=True)
class Window:
    """From when to when a list is asked, and the cursor for the next time. `since` None: it only begins here."""

    since: datetime | None
    until: datetime | None
    cursor: str | None


def window(cursor: str | None, now: datetime | None) -> Window:
    """What to ask for behind a cursor, at most `WINDOW` at once. `now` is Twilio's clock, None where it is silent."""
    begun = _moment(cursor)
    if begun is None or now is None:
        return Window(None, None, cursor if now is None else now.isoformat())
    until = min(now, begun + WINDOW)
    return Window(begun - OVERLAP, until + OVERLAP, max(begun, until).isoformat())


def find(account: AccountSettings, channel: str, message: OutboundMessage, since: datetime,
         until: datetime) -> Sequence[Found]:
    """The messages Twilio took from this account for this person between two moments of our clock, newest first.

    Those with other words are left out. Nothing found long after the send means that Twilio did not take it; more
    than one, or one without words, is for a person to judge. Raises as `poll` does.
    """
    client = twilio_client.client(account, twilio_client.wire(account))
    with asking():
        # Not by its date: what still stands in a queue has none yet.
        listed = client.messages.list(
            to=twilio_addresses.spelt(channel, message.recipient),
            from_=twilio_addresses.spelt(channel, account.address), limit=MOST_FOUND, page_size=MOST_FOUND)
        found = [_found(one, message.text) for one in listed if str(one.direction).startswith("outbound")]
        return [one for one in found
                if since - SKEW <= one.created_at <= until + SKEW and one.same_text is not False]


def check(account: AccountSettings, channel: str, provider_id: str) -> DeliveryUpdate:
    """What has become of one message. Raises as `poll` does, and Unreadable where Twilio says nothing of sending."""
    client = twilio_client.client(account, twilio_client.wire(account))
    with asking():
        found = _update(channel, account.address, client.messages(provider_id).fetch())
    if found is None:
        raise Unreadable("Twilio says nothing of what became of it.")
    return found


@contextmanager
def asking() -> Iterator[None]:
    """Ask a list: what the library cannot read is an answer that never came: asking again changes nothing at Twilio."""
    try:
        yield
    except Rejected as problem:  # nobody's message is refused here: the question was
        raise AccountProblem(str(problem)) from problem
    except ChannelError:
        raise
    except Exception as problem:
        raise Unreachable("Twilio's list cannot be read.") from problem


def _message(account: AccountSettings, client: Client, listed: Any) -> InboundMessage | None:
    """A listed message as its webhook would have brought it; None where it is not one to us, or of no kind we read."""
    try:
        channel, ours = twilio_addresses.split("To", str(listed.to or ""))
        _, sender = twilio_addresses.split("From", str(listed.from_ or ""))
    except Unreadable:
        return None
    if listed.direction != "inbound" or not twilio_messages.MESSAGE_SID.fullmatch(str(listed.sid)):
        return None
    return InboundMessage(
        channel, ours, str(listed.sid), sender, BROKEN.sub("\ufffd", listed.body or ""),
        sent_at=listed.date_sent or listed.date_created, raw=_raw(listed), remote_files=_files(account, client, listed))


def _raw(listed: Any) -> dict[str, object]:
    parts = str(listed.num_segments)
    return {"parts": int(parts)} if parts.isascii() and parts.isdecimal() else {}


def _files(account: AccountSettings, client: Client, listed: Any) -> tuple[RemoteFile, ...]:
    """References to its files, spelt as the webhook spells them. One more request where there are any."""
    if str(listed.num_media or "0") == "0":
        return ()
    base = (account.options.get("api_base") or twilio_client.API_BASE).rstrip("/")
    media = client.messages(listed.sid).media.list(limit=twilio_messages.MOST_FILES)
    return tuple(twilio_messages.remote_file(base + str(one.uri).removesuffix(".json"), str(one.content_type))
                 for one in media)


def _update(channel: str, address: str, listed: Any) -> DeliveryUpdate | None:
    code = listed.error_code if isinstance(listed.error_code, int) else None
    return twilio_messages.update(channel, address, str(listed.sid), str(listed.status), code)


def _found(listed: Any, text: str) -> Found:
    same = _same(listed.body, text) if listed.body or not text else None
    return Found(str(listed.sid), same, listed.date_created)


def _same(listed: str | None, text: str) -> bool:
    """Twilio may have trimmed a text, or plained its quotes."""
    return _bare(listed or "") == _bare(text)


def _bare(text: str) -> str:
    return " ".join(segments.plain(text).split())


def _moment(cursor: str | None) -> datetime | None:
    """The moment a cursor names; None where it names none: then polling begins anew."""
    try:
        moment = datetime.fromisoformat(cursor or "")
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
