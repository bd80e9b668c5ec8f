"""A machine that does to the real desk whatever people, providers and accidents do, and judges what leaves.

What leaves is what the network of this model was handed: it knows nothing of the desk's tables. Time stands still
and is moved by the machine; a process that is killed never comes back to what it had begun.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select

from channels.base import DeliveryUpdate
from tests.flows.sending_desk import COUNT, REFUSED, SECONDS, Begun, Desk
from triage import context
from triage.actions import accepting, accounts, assignments, closing, doubt, replies
from triage.actions.deliveries import SendOrder, Settlement, begin_attempt, expire_attempts, settle
from triage.db import db
from triage.models import Account, Assignment, Contact, Delivery, DeliveryAttempt, Message, Report
from triage.queries import outbox

OUTCOMES = ("accepted", "unknown", "rejected", "retry", "asked", "account_problem")
LATER = ("leaves", "accepted", "retry", "sent", "delivered", "failed")
WHICH = st.integers(0, 1)
ENDS = st.sampled_from(["accepted", *OUTCOMES, "never"])
RARELY = st.sampled_from([False] * 5 + [True])


class Torn(Exception):
    """A process dies in the middle of its transaction."""


class Sending(Desk):
    """Two operators, a coordinator, numbers of their own and of everybody's, and citizens who write and say STOP."""

    @initialize(chosen=st.sampled_from(["holder", "pool", "arrival"]))
    def furnish(self, chosen: str) -> None:
        """People and numbers of this run alone, and the rule it begins with."""
        self.rule = chosen
        self._do(lambda: accounts.set_rule("sms", chosen))
        self.older = db.session.scalar(select(func.max(Delivery.id))) or 0  # of the runs before
        self.citizens = [f"+4477{self.base + number:08}" for number in range(2)]
        self.boss = self._person("Boss", "coordinator", "admin")
        self.operators = [self._person(name) for name in ("Amina", "Ben")]
        self.shared = [self._number(50), self._number(51)]
        self.own = {one: self._number(60 + n, one) for n, one in enumerate(self.operators)}
        self.owner: dict[str, int | None] = dict.fromkeys(self.shared)
        self.owner |= {number: one for one, number in self.own.items()}
        for which in (0, 1):
            self.somebody_writes(which, which)
            self.hands(which, which, "claim")
            self.reply(which, stranger=False, stale=False)

    @rule(who=WHICH, word=st.sampled_from(["", "", "", "STOP", "START", "START"]), to=st.integers(0, 3))
    def a_citizen(self, who: int, word: str, to: int) -> None:
        """Writes, or says STOP or START."""
        if word:
            self.somebody_says(who, word)
        else:
            self.somebody_writes(who, to)

    def somebody_writes(self, who: int, to: int) -> None:
        """To a number of everybody's, or of an operator's own."""
        line = [*self.shared, *self.own.values()][to]
        self.reports.append(self.scene.sms("People wait.", self.citizens[who], to=line, name=self._name("SM")).id)

    def somebody_says(self, who: int, word: str) -> None:
        """STOP holds for every number of ours, from the moment it is stored."""
        citizen = self.citizens[who]
        self.scene.arrives(self.scene.message(word, citizen, to=self.shared[0], name=self._name("SM")))
        assert self._stopped(citizen) is (word == "STOP")

    def _citizen(self, report: int) -> str:
        person = db.session.get_one(Contact, db.session.get_one(Report, report).contact_id)
        return context.keyring().open(person.address_sealed, person.address_context)

    @rule(which=WHICH, who=WHICH, how=st.sampled_from(["claim", "claim", "assign", "assign", "close", "release"]))
    def hands(self, which: int, who: int, how: str) -> None:
        """Somebody takes it, is given it by the coordinator, gives it back or closes it."""
        report, one = self._report(which), self.operators[who]
        self._do({
            "claim": lambda: assignments.claim(report, self._actor(one)),
            "assign": lambda: assignments.assign(report, one, self._actor(self.boss)),
            "close": lambda: closing.close(report, self._actor(one), "answered"),
            "release": lambda: assignments.release(report, self._actor(one)),
        }[how])

    def _report(self, which: int) -> int:
        """One of the newest."""
        return self.reports[-1 - which % len(self.reports)]

    def _held(self, report: int) -> Assignment | None:
        open_now = select(Assignment).where(Assignment.report_id == report, Assignment.ended_at.is_(None))
        db.session.rollback()
        return db.session.scalar(open_now)

    @rule(which=WHICH, stranger=RARELY, stale=RARELY, goes=st.booleans(), taken=st.booleans(), outcome=ENDS)
    def an_answer(self, which: int, outcome: str, *, stranger: bool, stale: bool, goes: bool, taken: bool) -> None:
        """Somebody answers; it goes at once, or waits with the others."""
        self.reply(which, stranger=stranger, stale=stale)
        if goes:
            self.time_passes(2)
            self.a_process(which, outcome, 0, "delivered" if which else "", torn=False, taken=taken)

    @rule(which=WHICH)
    def a_rush(self, which: int) -> None:
        """More answers in a row than a number may send, none of them heard of."""
        for _ in range(COUNT + 1):
            self.reply(which, stranger=False, stale=False)
            self.time_passes(2)
            self.begin(0, torn=False)

    def reply(self, which: int, *, stranger: bool, stale: bool) -> None:
        """On one of the newest reports, by whoever holds it, or by another."""
        report = self._report(which)
        held = self._held(report)
        actor = held.operator_id if held is not None and not stranger else self.operators[which % 2]
        self.answers(report, actor, stale=stale)

    def answers(self, report: int, actor: int, *, stale: bool) -> None:
        """Whoever does not hold it is refused; so is whoever writes to somebody who said STOP."""
        held = self._held(report)
        fence = held.id if held is not None and not stale else 10**9
        stopped, expected = self._stopped(self._citizen(report)), self._expected(report, actor)
        key = self._name("key")
        made = self._do(lambda: replies.reply(report, self._actor(actor), fence, 10**9, "Asante.", key))
        mine = held is not None and held.operator_id == actor and not stale
        if made is REFUSED:
            assert not mine or stopped or not expected, "an answer was refused for no reason"
            self.tally["refused to somebody who said STOP" if mine and stopped else "refused to others"] += 1
            return
        assert mine
        assert not stopped
        self.allowed[made.id] = expected
        self.tally[f"accepted by the rule {self.rule}"] += 1

    def _expected(self, report: int, operator: int) -> set[str]:
        """What the rule gives: told by this model's own books, and by what was said in the conversation."""
        if self.rule == "holder":
            return {number for number, owner in self.owner.items() if owner == operator}
        if self.rule == "arrival":
            return self._last_line(report, operator)
        spoken = select(Account.address).join(Message, Message.account_id == Account.id).where(
            Message.report_id == report, Message.direction == "out", Account.address.in_(self._everybodys()))
        last = db.session.scalar(spoken.order_by(Message.id.desc()).limit(1))
        return {last} if last else self._everybodys() | {"+254700000100"}  # the scene's own intake is everybody's, too

    def _everybodys(self) -> set[str]:
        return {number for number, owner in self.owner.items() if owner is None}

    def _last_line(self, report: int, operator: int) -> set[str]:
        """Where the person wrote last, of what is everybody's or the operator's own."""
        usable = {number for number, owner in self.owner.items() if owner in (None, operator)}
        written = select(Account.address).join(Message, Message.account_id == Account.id).where(
            Message.report_id == report, Message.direction == "in", Account.address.in_(usable))
        return set(db.session.scalars(written.order_by(Message.id.desc()).limit(1)))

    @rule(which=st.integers(0, 5), verdict=st.sampled_from(["again", "again", "sent", "failed"]), back=st.booleans())
    def second_thoughts(self, which: int, verdict: str, *, back: bool) -> None:
        """Its author takes an answer back; or somebody decides one in doubt: only so does one leave once more."""
        doubtful = self._in_doubt()
        answers, back = doubtful or sorted(self.allowed), back and not doubtful
        if not answers:
            return
        answer = answers[-1 - which % len(answers)]
        author = db.session.get_one(Delivery, answer).operator_id
        act = (lambda: replies.undo(answer, self._actor(author))) if back else (
            lambda: doubt.decide(answer, self._actor(self.boss), verdict))
        if self._do(act) is REFUSED:
            return
        self.tally["taken back" if back else f"decided: {verdict}"] += 1
        self.repeats[answer] = self.repeats.get(answer, 0) + (not back and verdict == "again")

    def _in_doubt(self) -> list[int]:
        db.session.rollback()
        doubtful = select(Delivery.id).where(Delivery.id > self.older, Delivery.state.in_(("uncertain", "failed")))
        return sorted(set(db.session.scalars(doubtful)) & set(self.allowed))

    @rule(what=st.sampled_from(["rule", "rule", "transfer", "pause", "resume", "resume"]), which=st.integers(0, 3),
          chosen=st.sampled_from(["holder", "holder", "pool", "arrival"]))
    def the_coordinator(self, what: str, which: int, chosen: str) -> None:
        """Another sender rule; a number changes hands, with answers on their way; one stands still, or goes on."""
        line = [*self.shared, *self.own.values()][which]
        number, owner = self._account(line).id, [*self.operators, None, self.owner.get(line)][which]
        done = self._do({
            "rule": lambda: accounts.set_rule("sms", chosen, self._actor(self.boss)),
            "transfer": lambda: accounts.transfer(number, owner, self._actor(self.boss)),
            "pause": lambda: accounts.pause(number, self._actor(self.boss)),
            "resume": lambda: accounts.resume(number, self._actor(self.boss)),
        }[what])
        assert done is not REFUSED
        self.tally[what] += 1
        self.rule = chosen if what == "rule" else self.rule
        if what == "transfer":
            self.owner[line] = owner

    @rule(which=WHICH, torn=RARELY, taken=st.booleans(), seconds=st.sampled_from([0, 0, 1, 61]),
          outcome=ENDS, told=st.sampled_from(["", "", "sent", "delivered", "failed"]))
    def a_process(self, which: int, outcome: str, seconds: int, told: str, *, torn: bool, taken: bool) -> None:
        """Begins, sends, and writes down what came of it: or is killed anywhere between. Then time passes."""
        made = self.begin(which, torn=torn)
        if made is None:
            return
        if taken:
            self.leaves(made)
        if outcome != "never":
            self.settles(made, outcome)
        if taken and told:
            self.calls_back(made, told, stop=False)
        self.time_passes(seconds)

    @rule(which=WHICH, what=st.sampled_from(LATER), stop=RARELY)
    def later(self, which: int, what: str, *, stop: bool) -> None:
        """A process that was slow goes on; or the network tells of what it took, and as often as it likes."""
        if not self.begun:
            return
        made = self.begun[-1 - which % len(self.begun)]
        if what == "leaves":
            self.leaves(made)
        elif what in OUTCOMES:
            self.settles(made, what)
        else:
            self.calls_back(made, what, stop=stop)

    def begin(self, which: int, *, torn: bool) -> Begun | None:
        """Begin what is due, or any other answer; it may die before its transaction ends."""
        self.now += timedelta(seconds=1)
        due = [number for number in outbox.due() if number > self.older] or sorted(self.allowed)
        if not due:
            return None
        return self.begins(due[which % len(due)], torn=torn)

    def begins(self, number: int, *, torn: bool) -> Begun | None:
        """Begin this one, if the desk lets it leave."""
        delivery = db.session.get_one(Delivery, number, populate_existing=True)
        stopped = delivery.contact_id is not None and self._opted_out(delivery.contact_id)
        order = self._begun(number, torn=torn)
        if order is None:
            self.tally["died in its transaction" if torn else "may not leave now"] += 1
            return None
        assert delivery.purpose == "stop_confirmation" or not stopped, "an attempt began after STOP"
        made = Begun(order, order.account.address, order.message.recipient, self.now)  # type: ignore[union-attr]  # sms
        self.begun.append(made)
        self._judge_account(number, delivery, made)
        return made

    @rule(which=WHICH, forgiven=st.booleans(), outcome=st.sampled_from(["retry", "unknown", "rejected"]))
    def a_stop_meanwhile(self, which: int, outcome: str, *, forgiven: bool) -> None:
        """STOP comes while it leaves, which fails: it does not leave again, not even where a person wants it to."""
        made = self.begin(which, torn=False)
        if made is None:
            return
        self.somebody_says(self.citizens.index(made.to), "STOP")
        self.settles(made, outcome)
        if outcome != "retry":
            self.second_thoughts(0, "again", back=False)
        report = db.session.get_one(Delivery, made.order.delivery_id).report_id
        held = self._held(report)
        if held is not None:
            self.answers(report, held.operator_id, stale=False)
        self.time_passes(600)
        self.begins(made.order.delivery_id, torn=False)
        if forgiven:
            self.somebody_says(self.citizens.index(made.to), "START")

    @rule(which=WHICH, back=st.booleans())
    def a_number_changes_hands_meanwhile(self, which: int, *, back: bool) -> None:
        """An answer waits while its number is given to somebody else, and perhaps back again."""
        self.reply(which, stranger=False, stale=False)
        if not self.allowed:
            return
        answer = db.session.get_one(Delivery, max(self.allowed), populate_existing=True)
        number, author, line = answer.id, answer.operator_id, db.session.get_one(Account, answer.account_id)
        new = next(one for one in self.operators if one != author)
        for owner in (new, author) if back else (new,):
            self._do(lambda owner=owner: accounts.transfer(line.id, owner, self._actor(self.boss)))
            self.owner[line.address] = owner
        self.time_passes(20)
        self.begins(number, torn=False)

    def _opted_out(self, contact: int) -> bool:
        return db.session.scalar(select(Contact.opted_out_at).where(Contact.id == contact)) is not None

    def _begun(self, number: int, *, torn: bool) -> SendOrder | None:
        def once() -> SendOrder | None:
            order = begin_attempt(number)
            if torn:
                raise Torn
            return order

        try:
            found = self._do(once)
        except Torn:
            return None
        return found if isinstance(found, SendOrder) else None

    def _judge_account(self, number: int, delivery: Delivery, made: Begun) -> None:
        if delivery.purpose != "reply":
            assert self.owner.get(made.address) is None, "the desk's own words left from somebody's own number"
            return
        assert made.address in self.allowed[number], "from a number that the rule did not give"
        assert self.owner.get(made.address) in (None, delivery.operator_id), "from another's own number"

    def leaves(self, made: Begun) -> None:
        """The network takes it, unless its process is too late: then that does not try any more."""
        late = (self.now - made.at).total_seconds() >= context.settings().attempt_seconds
        if made.name or late or self._settled(made):
            return
        made.name = self._name("NET")
        self.left.setdefault(made.order.delivery_id, []).append(made)
        self.tally["left"] += 1

    def _settled(self, made: Begun) -> bool:
        ended = select(DeliveryAttempt.finished_at).where(DeliveryAttempt.id == made.order.attempt_id)
        return db.session.scalar(ended) is not None

    def settles(self, made: Begun, outcome: str) -> None:
        """The process writes down what it heard: of what was taken that it was, or that it heard nothing."""
        if made.name:
            said = Settlement("accepted", provider_id=made.name) if outcome == "accepted" else Settlement("unknown")
        elif outcome == "accepted":
            said = Settlement("unknown")
        else:
            said = Settlement(outcome.replace("asked", "retry"), after=7.0 if outcome == "asked" else None)
        if not accepting.settle(made.order.attempt_id, said):
            self._do(lambda: settle(made.order.attempt_id, said))

    def calls_back(self, made: Begun, state: str, *, stop: bool) -> None:
        """What the network took is known for sent, whatever the desk thought of it."""
        if not made.name:
            return
        said = DeliveryUpdate("sms", made.address, made.name, state, None, f"delivery-{made.order.delivery_id}",
                              stop and state == "failed")
        account = self._account(made.address).id
        try:
            self._do(lambda: doubt.apply_update(account, said))
        except doubt.NotYet:
            return
        self.tally["called back"] += 1
        now = db.session.get_one(Delivery, made.order.delivery_id, populate_existing=True).state
        wanted_again = self.repeats.get(made.order.delivery_id, 0) > 0
        assert wanted_again or now in ("sent", "delivered", "failed", "sending"), f"taken, and still {now}"

    @rule(seconds=st.sampled_from([1, 5, 20, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        """And what has outlived its time is given up."""
        self.now += timedelta(seconds=seconds)
        given_up = self._do(expire_attempts)
        self.tally["given up"] += given_up

    @invariant()
    def nothing_leaves_twice(self) -> None:
        """But for what a person wanted sent again."""
        for number, taken in self.left.items():
            assert len(taken) <= 1 + self.repeats.get(number, 0), "the network took it twice"

    @invariant()
    def no_account_exceeds_its_limit(self) -> None:
        """In any window, counted by when attempts began. The scene's own intake has other limits."""
        for address in {one.address for one in self.begun} & set(self.owner):
            at = sorted(one.at for one in self.begun if one.address == address)
            close = [late - early for early, late in zip(at, at[COUNT:], strict=False)]
            assert not close or min(close) >= timedelta(seconds=SECONDS), "over the limit"

    @invariant()
    def one_attempt_at_a_time(self) -> None:
        """Of each answer."""
        running = select(func.count()).where(DeliveryAttempt.finished_at.is_(None))
        assert all(count == 1 for count in db.session.scalars(running.group_by(DeliveryAttempt.delivery_id)))
