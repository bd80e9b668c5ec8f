"""Who may ask: every loader takes the actor, and only the table of rights knows the roles (house.md, section 8, 8)."""

from __future__ import annotations

import ast

from tests.house.source import Function, Source, calls, rule

GUARDED = {
    "report", "primary", "message", "delivery", "attempt", "draft", "note", "account", "contact", "item", "session",
    "operator", "team", "assignment", "token", "file", "incident",
}
ROLES = {"operator", "coordinator", "admin", "auditor"}
# Where roles are what it is about: the table, the people and their page, the command line, the made-up desk.
KNOW_ROLES = (
    "triage.rights", "triage.models.operators", "triage.models.tokens", "triage.actions.granting",
    "triage.actions.people", "triage.web.people", "triage.web.words", "triage.cli", "triage.demo", "triage.models",
)

# Loaders without an actor, each with the reason. A line that is not needed any more is reported.
BEHIND = "called behind the lock of a report that was loaded for the actor, and by the desk itself"
DESK = "the desk itself acts: workers and sweeps, after the rights were asked when the work was given"
DOOR = "before there is an actor: the secret presented is what opens"
CHANGED = "called behind the right to change the person, by themselves or another"
WITHOUT_ACTOR = {
    "triage.queries.scope.teams_of": "a condition, no loader: it is what asks",
    "triage.queries.scope.family": "a condition, no loader",
    "triage.queries.scope.open_to": "a condition, no loader: whom a report could be given to",
    "triage.queries.accounts.trial_of": "the command line, which has no actor",
    "triage.queries.costs.spent": DESK,
    "triage.queries.tokens.of_operator": "a person's own page and the command line list tokens, never a secret",
    "triage.queries.forecast.of_new": "of an account that was loaded for whoever asks",
    "triage.queries.origins.original": DESK,
    "triage.queries.slots.ahead": "a count, of an account that was loaded for whoever asks",
    "triage.queries.slots.first_due": DESK,
    "triage.queries.slots.turn_for": "a place in a queue: whose message it is says nothing of them",
    "triage.actions.assignments.busy": "a count that capacity is held against, of whoever is given a report",
    "triage.actions.attaching.note": BEHIND,
    "triage.actions.mentioning.note": BEHIND,
    "triage.actions.telling.joined": BEHIND,
    "triage.actions.undoing.lock_who_held": "locks a person and gives nothing: the report behind it takes the actor",
    "triage.actions.telling.moved": BEHIND,
    "triage.actions.attempts.accept": DESK,
    "triage.actions.attempts.end": DESK,
    "triage.actions.attempts.lock_to_begin": DESK,
    "triage.actions.attempts.lock_to_settle": DESK,
    "triage.actions.attempts.ending": DESK,
    "triage.actions.collecting.genuine": DOOR,
    "triage.queries.handed.awaited": DOOR,
    "triage.actions.contacts.acknowledge": DESK,
    "triage.actions.deliveries.begin_attempt": DESK,
    "triage.actions.deliveries.begin_for": "the telephone of an account fetches, after its secret was asked",
    "triage.actions.endings.fresh": DESK,
    "triage.actions.faring.lock": DESK,
    "triage.actions.faring.recovered": DESK,
    "triage.actions.faring.well_since": DESK,
    "triage.actions.deliveries.settle": DESK,
    "triage.actions.doubt.apply_update": DESK,
    "triage.actions.deliveries.locked": DESK,
    "triage.actions.contacts.told_stop": DESK,
    "triage.actions.drafts.put_back": BEHIND,
    "triage.actions.drafts.inherit": BEHIND,
    "triage.actions.drafts.clear": BEHIND,
    "triage.actions.ingest.understand_later": DESK,
    "triage.actions.ingest.files_of": DESK,
    "triage.queries.files.leaving": DOOR,
    "triage.queries.files.carried": DESK,
    "triage.actions.looks.begin": DESK,
    "triage.actions.polling.begin": DESK,
    "triage.queries.asking.states": DESK,
    "triage.actions.comparing.compare": DESK,
    "triage.actions.comparing.settle": DESK,
    "triage.actions.comparing.look": DESK,
    "triage.actions.copies.join": DESK,
    "triage.actions.keeping.store": DESK,
    "triage.actions.keeping.store_where_it_waits": DESK,
    "triage.actions.returning.lock_last_holders": DESK,
    "triage.actions.returning.takes_back": DESK,
    "triage.actions.pairs.note": DESK,
    "triage.actions.pairs.ask": DESK,
    "triage.actions.accepting.settle": DESK,
    "triage.queries.origins.told": DESK,
    "triage.queries.unanswered.last_answer": BEHIND,
    "triage.queries.unanswered.oldest": BEHIND,
    "triage.queries.unanswered.reports": BEHIND,
    "triage.actions.pairs.say": BEHIND,
    "triage.actions.pairs.part": BEHIND,
    "triage.actions.pairs.divide": BEHIND,
    "triage.actions.pairs.refused": DESK,
    "triage.actions.grouping.members": BEHIND,
    "triage.queries.candidates.by_shingles": DESK,
    "triage.queries.candidates.by_hash": DESK,
    "triage.queries.candidates.at_place": DESK,
    "triage.queries.candidates.load": DESK,
    "triage.queries.candidates.waits": DESK,
    "triage.queries.scope.waiting_for": "a condition that others apply",
    "triage.actions.matters.copies": BEHIND,
    "triage.actions.matters.lock_at_once": DESK,
    "triage.actions.matters.primary_of": BEHIND,
    "triage.actions.replies.hold_off_stop": BEHIND,
    "triage.actions.matters.holding": BEHIND,
    "triage.actions.matters.start": BEHIND,
    "triage.actions.matters.last_answer": BEHIND,
    "triage.actions.outbox.add": BEHIND,
    "triage.actions.outbox.stop": DESK,
    "triage.actions.outbox.hurry": "called behind the lock of an account that was loaded for the actor",
    "triage.actions.people.rehash": DOOR,
    "triage.actions.people.set_password": "the command line, which has no actor",
    "triage.actions.sessions.open": DOOR,
    "triage.actions.sessions.open_by_password": DOOR,
    "triage.actions.sessions.touch": DOOR,
    "triage.actions.sessions.seen": DOOR,
    "triage.actions.sessions.end_all": CHANGED,
    "triage.actions.tokens.make": "the command line, which has no actor",
    "triage.actions.tokens.end": "the command line, which has no actor",
    "triage.actions.tokens.touch": DOOR,
    "triage.actions.tokens.end_all": CHANGED,
}


def taken(function: Function) -> set[str]:
    """The names of everything a function takes."""
    return {arg.arg for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}


def names_a_guarded_thing(function: Function) -> bool:
    """Whether it is told by number what to load: `report_id`, `to_operator_id`, `delivery_ids`."""
    words = (name.removesuffix("s").removesuffix("_id").split("_")[-1] for name in taken(function)
             if name.endswith(("_id", "_ids")))
    return any(word in GUARDED for word in words)


def loaders(source: Source) -> list[Function]:
    """Public functions of queries and actions that load by number and are not told who asks."""
    if not source.inside("triage.queries", "triage.actions"):
        return []
    public = (node for node in source.tree.body if isinstance(node, Function) and not node.name.startswith("_"))
    return [each for each in public if names_a_guarded_thing(each) and "actor" not in taken(each)]


@rule
def loaders_take_the_actor(source: Source) -> list[str]:
    """8. What is loaded by its number is loaded for somebody."""
    return [source.at(each, f"{each.name} loads by number and takes no actor") for each in loaders(source)
            if f"{source.module}.{each.name}" not in WITHOUT_ACTOR]


@rule
def locks_for_the_actor(source: Source) -> list[str]:
    """8. A verb that is told who acts locks the report for them."""
    if not source.inside("triage.actions"):
        return []
    verbs = (node for node in source.tree.body if isinstance(node, Function) and not node.name.startswith("_"))
    return [
        source.at(node, f"{each.name} locks a report without asking whether the actor may see it")
        for each in verbs if "actor" in taken(each)
        for node, base, name in calls(each)
        if base == "matters" and name.startswith("lock") and len(node.args) + len(node.keywords) < 2
    ]


@rule
def doors_ask_queries(source: Source) -> list[str]:
    """8. A door loads nothing by itself: queries know who may see what."""
    if not source.inside("triage.web", "triage.api"):
        return []
    return [source.at(node, f"session.{name} belongs to triage/queries") for node, base, name in calls(source.tree)
            if base == "session" and name in {"get", "get_one", "scalar", "scalars", "execute", "query"}
            and ast.unparse(node.func).startswith("db.")]


@rule
def roles_are_asked_of_the_table(source: Source) -> list[str]:
    """8. `actor.may(Right.X)`: no other place knows which role may do what."""
    if source.inside(*KNOW_ROLES) or not source.inside("triage"):
        return []
    asked = [source.at(node, "has_role: ask the table of rights") for node, _, name in calls(source.tree)
             if name == "has_role"]
    compared = (node for node in ast.walk(source.tree) if isinstance(node, ast.Compare))
    return asked + [
        source.at(node, "a role is compared: ask the table of rights") for node in compared
        if ".roles" in ast.unparse(node)
        and any(isinstance(part, ast.Constant) and part.value in ROLES for part in ast.walk(node))
    ]
