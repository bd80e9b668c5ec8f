"""Who may import what (house.md, section 4)."""

from __future__ import annotations

from tests.house.source import Source, calls, functions, imports, rule

# Decides without looking anything up: no database, no network, no Flask.
NAMES = ("clock", "rights", "errors", "limits", "backoff", "similarity", "keywords", "crashpoints", "fitting",
         "effects", "fair_lock")
PURE = tuple(f"triage.{name}" for name in NAMES)

# A module imports only from rows above its own, or from its own package. `channels.*` stands for
# every adapter: they may share code (twilio_voice with twilio_sms), and a new one needs no line here.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("config", "triage", "channels"),  # the two packages themselves are a docstring each
    ("channels.errors",),
    ("channels.base",),
    ("channels.http",),
    ("channels.*",),
    ("channels.registry",),
    PURE,
    ("triage.gazetteer",),  # places in tables and texts: pure too, and may fold as `similarity` does
    ("triage.addresses", "triage.passwords", "triage.sealing", "triage.logs", "triage.broker"),
    ("triage.spool",),
    ("triage.files", "triage.cleaning"),
    ("triage.context",),  # the settings and keys of the running desk
    ("triage.storing", "triage.media_links"),
    ("triage.engines", "triage.commits"),  # what connections are told; what became of an unanswered COMMIT
    ("triage.db",),
    ("triage.statements", "triage.migrating"),
    ("triage.reach",),
    ("triage.models",),
    ("triage.events",),
    ("triage.queries",),
    ("triage.doors",),  # the secrets of accounts that are called, in memory
    ("triage.connections",),
    ("triage.actions",),
    ("triage.workers",),
    ("triage.web",),
    ("triage.api",),  # the same session and the same roles as the pages
    ("triage.backup",),  # copies of the whole desk
    ("triage.demo",),  # the practice desk: may do whatever a person at the doors may
    ("triage.cli",),
    ("triage.app",),
    ("wsgi",),
)
ROWS = {name: row for row, names in enumerate(LAYERS) for name in names}
PROJECT = {"config", "channels", "triage", "wsgi", "tests"}

# (who, from where, except): beyond the order of the layers.
NEVER_IMPORTED = (
    ("triage.actions", "channels", ("channels.base", "channels.errors")),
    ("triage.web", "triage.workers", ()),
    ("triage.api", "triage.workers", ()),
    ("migrations", "triage.models", ()),
)
NETWORK = {"requests", "urllib3", "http.client", "twilio", "smtplib", "imaplib", "socket", "redis", "rq"}
FOREIGN_LIBRARIES = {
    "channels": {"flask", "flask_sqlalchemy", "sqlalchemy"},
    "triage.models": {"flask"} | NETWORK,
    "triage.queries": {"flask"} | NETWORK,
    "triage.actions": {"flask"} | NETWORK,
    "triage.web": NETWORK - {"redis"},  # the health page may ask Redis whether it is there
    "triage.api": NETWORK,
} | {name: {"flask", "flask_sqlalchemy", "sqlalchemy"} | NETWORK for name in (
    *PURE, "triage.gazetteer", "triage.sealing", "triage.spool", "triage.files")}


def unit(name: str) -> str:
    """The entry of the table a dotted name falls under."""
    parts = name.split(".")
    if parts[0] not in {"triage", "channels"}:
        return parts[0]
    entry = ".".join(parts[:2])
    return "channels.*" if parts[0] == "channels" and len(parts) > 1 and entry not in ROWS else entry


@rule
def layer_order(source: Source) -> list[str]:
    """1. Each module is in the table and imports only from rows above its own."""
    own = unit(source.module)
    if own not in ROWS:
        return [source.at(source.tree, f"{own} has no layer: give it a row in LAYERS")]
    aims = [(node, name) for node, name in imports(source) if name.split(".")[0] in PROJECT]
    return [
        source.at(node, f"{own} may not import {name}")
        for node, name in aims
        if unit(name) != own and ROWS.get(unit(name), len(LAYERS)) >= ROWS[own]
    ]


@rule
def barred_imports(source: Source) -> list[str]:
    """1. What the order alone would allow: actions see only the channel contract, views no workers."""
    return [
        source.at(node, f"{who} never imports {name}")
        for who, where, but in NEVER_IMPORTED
        if source.inside(who)
        for node, name in imports(source)
        if Source(name, "").inside(where) and not Source(name, "").inside(*but)
    ]


@rule
def foreign_libraries(source: Source) -> list[str]:
    """1. Channels know no Flask and no database; what decides knows no network."""
    return [
        source.at(node, f"{who} does not know {name}")
        for who, barred in FOREIGN_LIBRARIES.items()
        if source.inside(who)
        for node, name in imports(source)
        if Source(name, "").inside(*barred)
    ]


@rule
def imports_at_the_top(source: Source) -> list[str]:
    """1. No project import inside a function, nor by name at run time."""
    late = [pair for function in functions(source.tree) for pair in imports(source, function)]
    named = [(node, last) for node, _, last in calls(source.tree) if last in {"import_module", "__import__"}]
    return [
        source.at(node, f"{name} is imported late") for node, name in late if name.split(".")[0] in PROJECT
    ] + [source.at(node, "imports by name at run time") for node, _ in named]
