"""The rules of the house (house.md, sections 4 and 8), each held against the tree.

The rules are functions in `tests/house/`, from source text to a list of problems. Each is tried
twice: on a small planted violation, so that it is known to bite, and on what we really have.
"""

from __future__ import annotations

import pytest

from tests.house import conduct, layers, loaders, pages
from tests.house.source import ROOT, RULES, Rule, Source, sources

PRODUCT = sources("config.py", "wsgi.py", "channels", "triage")
SERVER = sources("gunicorn.conf.py")
MIGRATIONS = sources("migrations")
TESTS = sources("tests")

LONG = "def f():\n" + "    x = 1\n" * 40

# Each rule with a module and a text that break it.
PLANTED = [
    (layers.layer_order, "triage.surprise", ""),
    (layers.layer_order, "surprise", ""),
    (layers.layer_order, "triage.db", "from triage import models"),
    (layers.layer_order, "triage.models.reports", "from triage.events import record"),
    (layers.layer_order, "triage.web.desk", "import triage.api.reports"),
    (layers.layer_order, "channels.mastodon", "from channels.registry import CHANNELS"),
    (layers.layer_order, "channels.mastodon", "from triage import clock"),
    (layers.layer_order, "triage.limits", "from ..triage.db import db"),
    (layers.layer_order, "config", "import triage"),
    (layers.barred_imports, "triage.actions.ingest", "from channels.http import Session"),
    (layers.barred_imports, "triage.web.desk", "from triage.workers import doorbell"),
    (layers.barred_imports, "triage.api.reports", "import triage.workers.doorbell"),
    (layers.barred_imports, "migrations.versions.a1", "from triage.models import Report"),
    (layers.foreign_libraries, "channels.mastodon", "from flask import request"),
    (layers.foreign_libraries, "triage.actions.replies", "import requests"),
    (layers.foreign_libraries, "triage.similarity.shingle", "from sqlalchemy.orm import Session"),
    (layers.imports_at_the_top, "triage.db", "def f():\n    from triage import models"),
    (layers.imports_at_the_top, "triage.db", "import importlib\nimportlib.import_module('triage.models')"),
    (conduct.reserved_calls, "triage.actions.ingest", "db.session.commit()"),
    (conduct.reserved_calls, "triage.workers.sweep", "session.rollback()"),
    (conduct.reserved_calls, "triage.web.desk", "socketio.emit('changed')"),
    (conduct.reserved_calls, "triage.workers.jobs", "Queue().enqueue(f)"),
    (conduct.clock_reads, "triage.models.reports", "x = datetime.datetime.now(UTC)"),
    (conduct.clock_reads, "triage.queries.inbox", "x = func.now()"),
    (conduct.clock_reads, "channels.twilio_sms", "import time\nx = time.time()"),
    (conduct.clock_reads, "triage.web.desk", "from time import time"),
    (conduct.clock_reads, "triage.models.reports", "column(default=datetime.utcnow)"),
    (conduct.clock_reads, "triage.actions.leases", "x = time.monotonic()"),
    (conduct.writes_in_actions, "triage.queries.inbox", "from sqlalchemy import select, update"),
    (loaders.loaders_take_the_actor, "triage.queries.reports", "def load(report_id):\n    return 1"),
    (loaders.loaders_take_the_actor, "triage.actions.people", "def give(to_operator_id, by):\n    return 1"),
    (loaders.loaders_take_the_actor, "triage.queries.rows", "def rows(report_ids):\n    return 1"),
    (loaders.locks_for_the_actor, "triage.actions.notes", "def add(report_id, actor):\n    matters.lock(report_id)"),
    (loaders.doors_ask_queries, "triage.web.desk", "x = db.session.get(Report, 1)"),
    (loaders.roles_are_asked_of_the_table, "triage.web.desk", "x = actor.has_role('coordinator')"),
    (loaders.roles_are_asked_of_the_table, "triage.actions.notes", "x = 'admin' in actor.roles"),
    (conduct.vague_names, "triage.web.helpers", ""),
    (conduct.vague_names, "channels.utils", ""),
    (conduct.short_functions, "triage.db", LONG),
    (conduct.short_files, "triage.db", "x = 1\n" * 301),
    (conduct.short_files, "tests.test_db", "x = 1\n" * 401),
    (conduct.thin_doors, "triage.web.desk", "@bp.post('/x')\n" + "def f():\n" + "    x = 1\n" * 15),
    (conduct.thin_doors, "triage.workers.jobs", "def f():\n" + "    x = 1\n" * 6),
    (conduct.stated_promises, "triage.db", "def f(x) -> None:\n    'Says it.'"),
    (conduct.stated_promises, "triage.db", "def f(x: int):\n    'Says it.'"),
    (conduct.stated_promises, "channels.base", "class Sender(Protocol):\n    def send(self) -> None: ..."),
]


def hold(check: Rule, files: list[Source]) -> None:
    """Fail with every problem the rule finds in `files`."""
    problems = [problem for source in files for problem in check(source)]
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize("check, module, text", PLANTED)
def test_every_rule_bites(check: Rule, module: str, text: str) -> None:
    assert check(Source(module, text))


def test_every_rule_has_a_planted_violation() -> None:
    assert set(RULES) == {check for check, _, _ in PLANTED}


@pytest.mark.parametrize(
    "module, text",
    [
        ("triage.db", "from triage import clock\nfrom triage.sealing import seal"),
        (
            "triage.actions.replies",
            "from channels.base import OutboundMessage\nfrom triage.actions import notes",
        ),
        (
            "triage.workers.deliver",
            "import time\nfrom triage import clock\nx = time.monotonic()\ny = clock.now()",
        ),
        (
            "channels.twilio_voice",
            "from channels.twilio_sms import signature\nfrom channels.base import Sender",
        ),
        (
            "triage.web.desk",
            "@bp.get('/x')\ndef f(x: int) -> str:\n    'Shows it.'\n    return session.get(x)",
        ),
    ],
)
def test_no_rule_bites_the_innocent(module: str, text: str) -> None:
    assert [problem for check in RULES for problem in check(Source(module, text))] == []


# ---------------------------------------------------------------- who imports whom


def test_imports_obey_the_layers() -> None:
    hold(layers.layer_order, PRODUCT)


def test_actions_see_only_the_contract_and_views_no_workers() -> None:
    hold(layers.barred_imports, PRODUCT + MIGRATIONS)


def test_channels_know_no_flask_and_actions_no_network() -> None:
    hold(layers.foreign_libraries, PRODUCT)


def test_no_project_import_inside_a_function() -> None:
    hold(layers.imports_at_the_top, PRODUCT)


# ---------------------------------------------------------------- what stands where


def test_only_db_commits_only_live_emits_only_the_doorbell_enqueues() -> None:
    hold(conduct.reserved_calls, PRODUCT + SERVER)


def test_only_the_clock_reads_the_time() -> None:
    hold(conduct.clock_reads, PRODUCT + SERVER)


def test_only_actions_build_writes() -> None:
    hold(conduct.writes_in_actions, PRODUCT)


def test_no_module_has_a_vague_name() -> None:
    hold(conduct.vague_names, PRODUCT + TESTS)


# ---------------------------------------------------------------- who may


def test_every_loader_takes_the_actor() -> None:
    hold(loaders.loaders_take_the_actor, PRODUCT)
    hold(loaders.locks_for_the_actor, PRODUCT)


def test_every_loader_without_an_actor_is_still_there() -> None:
    found = {f"{source.module}.{each.name}" for source in PRODUCT for each in loaders.loaders(source)}
    assert set(loaders.WITHOUT_ACTOR) - found == set()


def test_doors_load_nothing_by_themselves() -> None:
    hold(loaders.doors_ask_queries, PRODUCT)


def test_only_the_table_of_rights_knows_the_roles() -> None:
    hold(loaders.roles_are_asked_of_the_table, PRODUCT)
    templates = (ROOT / "templates").rglob("*.html")
    assert [path.name for path in templates if "has_role" in path.read_text("utf-8")] == []


# ---------------------------------------------------------------- how long


def test_no_function_is_longer_than_40_lines() -> None:
    hold(conduct.short_functions, PRODUCT + SERVER + TESTS)


def test_no_file_is_longer_than_300_lines_and_no_test_than_400() -> None:
    hold(conduct.short_files, PRODUCT + SERVER + TESTS)


def test_the_median_function_has_at_most_9_lines() -> None:
    assert conduct.median_length([Source("a", LONG)]) == 41
    assert conduct.median_length(PRODUCT) <= conduct.MAX_MEDIAN


def test_views_have_at_most_15_lines_and_jobs_6() -> None:
    hold(conduct.thin_doors, PRODUCT)


# ---------------------------------------------------------------- what is promised


def test_public_functions_are_annotated_and_say_what_they_promise() -> None:
    hold(conduct.stated_promises, PRODUCT)


def test_every_kind_of_event_is_produced_by_a_test() -> None:
    planted = Source(
        "triage.events", "class Kind(StrEnum):\n    NOTE_ADDED = 'note.added'\n    READ = 'read'"
    )
    assert len(conduct.unproven_kinds(planted, "Kind.READER")) == 2
    assert conduct.unproven_kinds(planted, 'Kind.READ "note.added"') == []
    events = next(source for source in PRODUCT if "class Kind(" in source.text)
    others = "\n".join(source.text for source in TESTS if source.module != "tests.test_house")
    assert conduct.unproven_kinds(events, others) == []


# ---------------------------------------------------------------- pages


def hold_pages(check: pages.PageRule, pattern: str) -> None:
    """Fail with every problem found in the files that match `pattern`."""
    found = {
        str(path.relative_to(ROOT)): check(path.read_text("utf-8")) for path in sorted(ROOT.glob(pattern))
    }
    problems = [f"{name}, {problem}" for name, problems in found.items() for problem in problems]
    assert found, f"nothing matches {pattern}"
    assert not problems, "\n" + "\n".join(problems)


@pytest.mark.parametrize(
    "planted",
    [
        "<p>Claim</p>",
        "<p>{{ _('Claim') }} it</p>",
        "<p>{{ 'Claim' }}</p>",
        "<p>{{ 'Claim' if mine }}</p>",
        "<a title='Claim'>{{ x }}</a>",
        '<input type="submit" value="Claim">',
        "<img alt='A map' src='x'>",
        "<kbd>Enter</kbd>",
        "<p>رد</p>",
    ],
)
def test_literal_text_is_found(planted: str) -> None:
    assert pages.literal_text(planted)


@pytest.mark.parametrize(
    "innocent",
    [
        '{# why #}<p class="x" title="{{ _("Claim") }}">{{ _("Claim %(n)s", n=1) }} · 3/4</p>',
        "{% trans n=1 %}Claim {{ n }}{% endtrans %}<kbd>j</kbd>&nbsp;&times;",
        '<input type="hidden" value="claim"><option {% if a > b %}selected{% endif %}>{{ x }}</option>',
    ],
)
def test_translated_text_is_left_alone(innocent: str) -> None:
    assert pages.literal_text(innocent) == []


def test_templates_hold_no_literal_text() -> None:
    hold_pages(pages.literal_text, "templates/**/*.html")


@pytest.mark.parametrize(
    "planted",
    [
        "<script>x()</script>",
        "<a onclick='x()'>",
        "<p style='color: red'>",
        "<style>p {}</style>",
        "<a hx-on:click='x'>",
    ],
)
def test_inline_code_is_found(planted: str) -> None:
    assert pages.inline_code(planted)


def test_templates_hold_no_inline_code() -> None:
    assert pages.inline_code("<script src='a.js' defer></script>") == []
    hold_pages(pages.inline_code, "templates/**/*.html")


@pytest.mark.parametrize(
    "planted",
    [
        "margin-left: 1px",
        "padding-right: 0",
        "left: 0",
        "text-align: right",
        "float: left",
        "border-left: 1px solid",
        "border-top-left-radius: 1px",
        "max-width: 3em",
        "height: 1px",
        "margin: 0 1em 0 2em",
    ],
)
def test_physical_sides_are_found(planted: str) -> None:
    assert pages.physical_sides(f"a:hover {{ color: red; {planted} }}")


def test_styles_name_no_left_and_no_right() -> None:
    assert pages.physical_sides("@media (min-width: 40em) { a { inline-size: 1em; margin: 0 1em } }") == []
    hold_pages(pages.physical_sides, "static/css/**/*.css")
