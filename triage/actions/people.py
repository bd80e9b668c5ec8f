"""People of the desk: add, invite, set a password, change, teams."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import String, func, or_, select, type_coerce, update

from triage import addresses, clock, context, events, rights
from triage.actions import assignments, granting, matters, sessions, tokens
from triage.actions.invitations import accept, invite
from triage.actions.teams import add_team, join_team, leave_team
from triage.db import LOCK, db
from triage.errors import N_, BadInput, NotFound
from triage.events import Kind
from triage.models import Assignment, Operator
from triage.models.operators import ROLES
from triage.rights import Right
from triage.statements import insert_once

__all__ = [
    "Changes", "accept", "add_operator", "add_team", "change", "invite", "join_team", "leave_team", "rehash",
    "set_language", "set_own_password", "set_password",
]

MOST_NAME, MOST_PUBLIC_NAME, MOST_CAPACITY, MOST_LANGUAGES = 120, 60, 100, 20

# Short given names of many countries: what citizens see instead of a volunteer's own name.
PSEUDONYMS = (
    "Ada", "Amir", "Ana", "Ayo", "Dina", "Eli", "Emre", "Esi", "Hana", "Ines", "Ivo", "Jun", "Kai", "Lea",
    "Leyla", "Lina", "Luca", "Maya", "Mika", "Mina", "Nadia", "Nia", "Noa", "Omar", "Rafa", "Rani", "Rosa",
    "Sami", "Sara", "Tala", "Temi", "Tomas", "Uma", "Vera", "Yara", "Yusuf", "Zain", "Zola",
)

NO_NAME = N_("A name is needed, at most %(most)s characters.")
ALREADY_THERE = N_("Somebody with the address %(email)s is on this desk already.")
NO_ROLE = N_("Choose at least one role: operator, coordinator, admin or auditor.")
UNKNOWN_ROLE = N_("There is no role called %(role)s. Roles are operator, coordinator, admin and auditor.")
BAD_CAPACITY = N_("How many reports at once must be a whole number from 1 to %(most)s.")
BAD_LANGUAGE = N_("Languages are short codes such as en, es or sw.")
LAST_ADMIN = N_("This is the last admin. Make somebody else admin first.")


def add_operator(  # noqa: PLR0913 - all but three have defaults and are given by name
    email: str, name: str, roles: Collection[str], *, public_name: str | None = None,
    languages: Collection[str] = (), capacity: int | None = None, needs_approval: bool = False,
    actor: Operator | None = None,
) -> Operator:
    """A new person, who cannot sign in before they accept an invitation.

    `public_name` is what citizens see (default: a pseudonym). `actor` None is the command line; a
    coordinator adds operators only. Raises BadInput with a sentence, or Forbidden.
    """
    given = _roles(roles)
    granting.require(actor, given)
    values = {
        "email": addresses.normalise("email", email, ""), "name": _name(name, MOST_NAME),
        "public_name": _name(public_name, MOST_PUBLIC_NAME) if public_name else _pseudonym(),
        "roles": given, "languages": _languages(languages), "needs_approval": needs_approval,
        "capacity": _capacity(context.settings().capacity if capacity is None else capacity),
    }
    added = insert_once(Operator, ("email",), **values, shift="off", active=True, created_at=clock.now())
    if added is None:
        raise BadInput(ALREADY_THERE, "email", email=values["email"])
    events.record(Kind.OPERATOR_ADDED, None, actor.id if actor else None, operator=added, roles=sorted(given))
    return db.session.get_one(Operator, added)


def set_password(operator_id: int, password_hash: str) -> None:
    """The command line: a new password (hashed outside of the transaction) ends every session and API token."""
    _set_password(_person(operator_id), password_hash, keep=None)


def set_own_password(actor: Operator, password_hash: str, keep: str) -> None:
    """The same by the person, from the session with the hash `keep`, which goes on."""
    _set_password(_person(actor.id), password_hash, keep)


def _set_password(one: Operator, password_hash: str, keep: str | None) -> None:
    one.password_hash = password_hash
    events.record(Kind.PASSWORD_SET, None, one.id, operator=one.id)
    sessions.end_all(one.id, but=keep, by=one.id)
    tokens.end_all(one.id, "password", by=one.id)


def rehash(operator_id: int, old: str, new: str) -> None:
    """Replace the hash by one of today's cost, unless the password was changed meanwhile."""
    same = update(Operator).where(Operator.id == operator_id, Operator.password_hash == old)
    db.session.execute(same.values(password_hash=new))


def set_language(actor: Operator, language: str | None) -> None:
    """The language the actor's pages are in; None follows the browser."""
    _person(actor.id).ui_language = language


@dataclass(frozen=True)
class Changes:
    """What to change about a person; None leaves it."""

    roles: Collection[str] | None = None
    active: bool | None = None
    capacity: int | None = None
    needs_approval: bool | None = None
    languages: Collection[str] | None = None
    public_name: str | None = None


def change(operator_id: int, actor: Operator, changes: Changes) -> Operator:
    """Apply `changes`; rights act on the person's next request.

    Admins change everybody, coordinators people who are operators and nothing else. Switching
    somebody off ends their sessions; whoever may not read reports any more returns theirs to the queue.
    """
    one = _locked(operator_id, actor)
    granting.require(actor, one.roles)
    wanted = {key: value for key, value in _checked(changes).items() if getattr(one, key) != value}
    if "roles" in wanted:
        granting.require(actor, _roles(changes.roles or ()))
    was_admin = rights.has(one.roles, Right.GRANT_ROLES)
    for key, value in wanted.items():
        setattr(one, key, value)
    if was_admin:
        _keep_an_admin()
    if wanted:
        events.record(Kind.OPERATOR_CHANGED, None, actor.id, operator=one.id, changed=sorted(wanted))
    if wanted.get("active") is False:
        one.shift = "off"
        sessions.end_all(one.id, by=actor.id)
        tokens.end_all(one.id, "switched_off", by=actor.id)
    if not (one.active and one.reads_reports):
        _return_reports(one, actor)
    return one


def _locked(operator_id: int, actor: Operator) -> Operator:
    """The person, behind the lock of the actor and of every admin: two who change each other come one after the other.

    All are read afresh, so that the second acts with the rights that the first has left them.
    """
    admins = type_coerce(Operator.roles, String).contains("admin")
    concerned = select(Operator).where(or_(Operator.id.in_((operator_id, actor.id)), admins)).order_by(Operator.id)
    locked = concerned.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = {person.id: person for person in db.session.scalars(locked)}
    if operator_id not in found:
        raise NotFound
    return found[operator_id]


def _checked(changes: Changes) -> dict[str, object]:
    found = {
        "roles": None if changes.roles is None else _roles(changes.roles),
        "active": changes.active,
        "capacity": None if changes.capacity is None else _capacity(changes.capacity),
        "needs_approval": changes.needs_approval,
        "languages": None if changes.languages is None else _languages(changes.languages),
        "public_name": None if changes.public_name is None else _name(changes.public_name, MOST_PUBLIC_NAME),
    }
    return {key: value for key, value in found.items() if value is not None}


def _return_reports(one: Operator, actor: Operator) -> None:
    held = select(Assignment.report_id).where(Assignment.operator_id == one.id, Assignment.ended_at.is_(None))
    for report_id, report in sorted(matters.lock_primaries(db.session.scalars(held)).items()):
        assignment = matters.holding(report_id)
        if assignment is None or assignment.operator_id != one.id:
            continue  # given to somebody else while we waited for the lock
        assignments.put_back(report, assignment, "released")
        events.record(Kind.REPORT_RELEASED, report_id, actor.id, assignment=assignment.id)


def _person(operator_id: int) -> Operator:
    """The person, locked until the transaction ends. NotFound."""
    found = db.session.get(Operator, operator_id, with_for_update=LOCK, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _keep_an_admin() -> None:
    db.session.flush()
    people = db.session.scalars(select(Operator).where(Operator.active))
    left = [one for one in people if one.may(Right.GRANT_ROLES)]
    if not left:
        raise BadInput(LAST_ADMIN, "roles")


def _roles(roles: Collection[str]) -> frozenset[str]:
    for role in roles:
        if role not in ROLES:
            raise BadInput(UNKNOWN_ROLE, "roles", role=role)
    if not roles:
        raise BadInput(NO_ROLE, "roles")
    return frozenset(roles)


def _name(text: str, most: int) -> str:
    name = " ".join(text.split())
    if not name or len(name) > most or not name.isprintable():
        raise BadInput(NO_NAME, "name", most=most)
    return name


def _capacity(number: int) -> int:
    if not 1 <= number <= MOST_CAPACITY:
        raise BadInput(BAD_CAPACITY, "capacity", most=MOST_CAPACITY)
    return number


def _languages(codes: Collection[str]) -> frozenset[str]:
    found = frozenset(code.strip().lower() for code in codes if code.strip())
    right = all(2 <= len(code) <= 8 and code.replace("-", "").isalpha() for code in found)
    if len(found) > MOST_LANGUAGES or not right:
        raise BadInput(BAD_LANGUAGE, "languages")
    return found


def _pseudonym() -> str:
    """A given name nobody here has yet; when all are taken, with a number."""
    taken = set(db.session.scalars(select(Operator.public_name)))
    free = [name for name in PSEUDONYMS if name not in taken]
    count = db.session.scalar(select(func.count()).select_from(Operator)) or 0
    return free[count % len(free)] if free else f"{PSEUDONYMS[count % len(PSEUDONYMS)]} {count + 1}"
