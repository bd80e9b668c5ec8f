"""What queries give to pages and programs: plain frozen shapes, no sealed value among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from triage.queries.place_shapes import MentionView, PlaceView


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    id: int
    channel: str
    status: str  # open | assigned | closed | duplicate
    priority: int  # 0 danger now, 1 urgent, 2 normal
    place: str | None
    language: str | None
    sender: str  # name, public handle or masked hint such as "…23"; empty where nobody is known
    excerpt: str  # of the newest message of theirs; "…" at its end: it goes on
    waiting_since: datetime | None
    received_at: datetime
    holder_id: int | None
    holder: str | None  # public name
    mine: bool
    replying: bool  # the holder saved a draft within the last minute
    team: str | None
    snoozed_until: datetime | None
    awaiting_since: datetime | None
    send_problems: int
    opted_out: bool
    was_with: str | None  # public name of the last holder, where nobody holds it now
    ended_by: str | None  # why the last assignment ended: released | lease | reassigned | closed | linked
    outcome: str | None
    reason: str | None
    closed_at: datetime | None
    place_code: str | None = None  # where `place` is one of the desk's list
    copy_count: int = 0  # those the reader may see
    sender_count: int = 1  # people who said it: its own and those of the copies; who is not known is one each time
    channel_count: int = 1
    incident: int | None = None  # the number of the incident that it tells of with others


@dataclass(frozen=True)
class Page:
    """Some rows and where the next ones begin (an opaque cursor), with the event number they are true at."""

    rows: Sequence[Row]
    next: str | None
    seq: int


@dataclass(frozen=True)
class DeliveryState:
    """How an answer of ours fares.

    While it is held or queued `sends_at` is when it will leave, after `ahead` others; None: only a person knows.
    `waits_for` says what keeps it: slot, asked, failing, ceiling, paused, silent, broken or suspended; None: nothing.
    `askable`: it is in doubt, and its provider can be asked; `asks_at` is when that happens by itself. `asked`: so
    often it answered that it does not know it, and no machine asks again.
    """

    id: int
    state: str
    channel: str
    account: str | None
    sends_at: datetime | None
    settled_at: datetime | None
    error: str | None
    mine: bool
    by_hand: bool = False
    waits_for: str | None = None
    ahead: int = 0
    askable: bool = False
    asks_at: datetime | None = None
    asked: int = 0


@dataclass(frozen=True)
class FileView:
    """A file of a message: state is waiting, kept, refused or gone; `clean` whether there is a copy for everybody."""

    id: int
    state: str
    kind: str  # image | audio | video | document | other
    content_type: str
    filename: str
    size: int | None
    clean: bool
    description: str
    error: str | None  # why it is refused or gone: a word
    transcript: str | None
    transcribed_by: str | None  # public name
    transcribed_at: datetime | None


@dataclass(frozen=True)
class Entry:
    """One item of the conversation: kind is inbound, outbound, note or event."""

    kind: str
    id: int  # message, note or event number
    at: datetime
    author: str | None  # public name of an operator, or the sender's hint; None: the desk itself
    channel: str | None
    body: str
    language: str | None = None
    account: str | None = None
    delivery: DeliveryState | None = None
    event: str | None = None  # the event's kind, where kind is event
    data: Mapping[str, object] | None = None
    mine: bool = False
    unanswered: bool = False
    files: Sequence[FileView] = ()
    mentions: Sequence[MentionView] = ()
    to: str = ""  # of an answer on a copy: whom it went to


@dataclass(frozen=True)
class Sending:
    """By what the holder would answer: either `account` and `to` are set, or `blocked` holds an error code.

    `ending` is the line the answer is signed with. `leaves_at` is when it would leave, after `ahead` others; None:
    only a person knows. `silent_since`: its telephone has fetched nothing for too long. `closes_at` ends the time in
    which the person may be answered so, `instead` is the channel by which the rule gives another way then.
    `part_micros` is what one part costs.
    """

    channel: str
    account: str | None
    identity: str
    to: str
    max_length: int
    is_public: bool
    # no_reply_account | nobody_known | opted_out | not_the_holder | needs_approval | account_paused | account_broken |
    # account_suspended | ceiling_reached | window_closed
    blocked: str | None
    slots_left: int | None  # of the tightest window
    slots_of: int | None
    window_seconds: int | None
    next_slot_at: datetime | None
    ending: str = ""
    segmented: bool = False
    most_parts: int = 1
    leaves_at: datetime | None = None
    ahead: int = 0
    silent_since: datetime | None = None
    closes_at: datetime | None = None
    hours: int | None = None  # how long after their last message the person may be answered so
    instead: str | None = None
    part_micros: int | None = None
    by_hand: str | None = None  # the own account that an answer sent by hand is told to come from
    files: bool = False  # whether a picture can leave with the answer


@dataclass(frozen=True)
class ReportView:
    """Everything the report page shows, true at event number `seq`."""

    row: Row
    seq: int
    assignment: int | None  # the fence: the open assignment's number
    held_since: datetime | None
    entries: Sequence[Entry]
    earlier: int  # entries not shown because only the newest fifty are
    sending: Sending
    draft: str
    draft_saved_at: datetime | None
    may_claim: bool
    may_write: bool  # the actor is the holder
    may_assign: bool  # the actor is a coordinator
    consent_answer: bool | None
    other_reports: Sequence[Row]  # of the same person, newest first, at most five
    split_from: int | None
    place: PlaceView | None = None
    placed_by: str | None = None  # public name of who said where it is; None: the machine found it
    place_text: str | None = None  # as the person wrote it
    observer: bool | None = None  # whether the sender is a registered observer; None: nobody is known
    may_name_observer: bool = False
    opening: str = ""  # what a new holder may begin with, where nothing is typed yet


@dataclass(frozen=True)
class OperatorLine:
    """One operator as the floor sees them."""

    id: int
    name: str
    public_name: str
    languages: Sequence[str]
    shift: str  # taking | finishing | off
    silent_minutes: int | None  # set from five minutes on, for people on shift
    holding: int
    capacity: int
    oldest_unanswered_at: datetime | None
    sent_last_hour: int
    accounts: Sequence[str]
    reports: Sequence[Row]


@dataclass(frozen=True)
class Decision:
    """Something only a coordinator can settle: `kind` names the sentence, `report_id` or `operator_id` the target."""

    # leases_frozen | silent_holder | uncertain | failed | held_long | returned_twice | account_failing |
    # account_silent | account_broken | account_suspended; of an account `name` is its address and `count` what waits
    # for it | repeated: `name` is how it ended, at `since`, and `count` how many new people tell it
    kind: str
    report_id: int | None
    operator_id: int | None
    name: str
    count: int
    since: datetime | None
    delivery_id: int | None = None
    channel: str = ""  # of an account


@dataclass(frozen=True)
class Ledger:
    """received = opened + joined + copies + control + quarantined + pending; `difference` must be 0."""

    received: int
    opened: int
    joined: int
    copies: int
    control: int
    quarantined: int
    pending: int

    @property
    def difference(self) -> int:
        """What is unaccounted for: anything but 0 is a defect."""
        parts = self.opened + self.joined + self.copies + self.control + self.quarantined + self.pending
        return self.received - parts


@dataclass(frozen=True)
class Floor:
    """The coordinator's view at event number `seq`."""

    seq: int
    new: int
    longest_wait_since: datetime | None
    danger_open: int
    on_shift: int
    people: int
    waiting_sends: int
    sends_drained_at: datetime | None  # when all that waits will have left; None: nothing waits, or only a person knows
    send_problems: int
    quarantined: int
    ledger: Ledger
    operators: Sequence[OperatorLine]
    decisions: Sequence[Decision]
    leases_frozen_at: datetime | None


@dataclass(frozen=True)
class QuarantinedItem:
    """A raw item no parser could read."""

    id: int
    provider: str
    received_at: datetime
    error: str
    raw: str  # opened for coordinators only


@dataclass(frozen=True)
class CitizenMessage:
    """One line of the conversation as the citizen sees it at /back."""

    ours: bool
    author: str  # "" for the citizen's own words
    at: datetime
    body: str


@dataclass(frozen=True)
class CitizenThread:
    """What a receipt code opens: state is received | waiting | being_read | asked | closed."""

    report_id: int | None
    state: str
    holder: str | None
    messages: Sequence[CitizenMessage]
    closed_at: datetime | None
    opted_out: bool
    reachable: bool = False  # an address of theirs is known that we might write to
    urgent: bool = False  # already read before all others
