"""The table of rights: default deny, nothing for admins and auditors that leads to a report, the page that shows it."""

from __future__ import annotations

import re

import pytest

import config
from tests.rights.api_table import API
from tests.rights.asking import request
from tests.rights.row import Row
from tests.rights.stage import Ask, Stage
from triage.actions import tokens
from triage.models.operators import ROLES
from triage.rights import RIGHTS, Right, has

PAGE = (config.ROOT / "docs" / "security.md").read_text("utf-8")
LINE = re.compile(r"^\| `(\w+)` \| .+ \| (yes|–) \| (yes|–) \| (yes|–) \| (yes|–) \|$", re.M)
TO_REPORTS = {Right.READ_REPORTS, Right.READ_EVERY_TEAM, Right.HANDLE_REPORTS, Right.STEP_IN, Right.ASSIGN_REPORTS,
              Right.SEE_FLOOR, Right.READ_QUARANTINE, Right.SEE_ALL_CHANGES}


def test_every_right_is_in_the_table_and_knows_only_roles_there_are() -> None:
    assert set(RIGHTS) == set(Right)
    assert set().union(*RIGHTS.values()) <= set(ROLES)


def test_no_role_has_no_right() -> None:
    assert not any(has((), right) or has(("stranger",), right) for right in Right)


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_no_right_of_an_admin_or_auditor_leads_to_a_report(role: str) -> None:
    assert {right for right in TO_REPORTS if has((role,), right)} == set()


def test_the_page_shows_the_table() -> None:
    shown = {name: {role for role, word in zip(ROLES, words, strict=True) if word == "yes"}
             for name, *words in LINE.findall(PAGE)}
    assert shown == {right.value: set(roles) for right, roles in RIGHTS.items()}


@pytest.mark.parametrize("row", API, ids=lambda row: row.name)
def test_a_token_does_what_its_scopes_say_and_no_more(stage: Stage, row: Row) -> None:
    other = "write" if row.method == "GET" else "read"
    secret = stage.scene.do(lambda: tokens.make(stage.names["Cora"], "narrow", scopes=[other]))
    ask = request(stage, row, "coordinator", "own" if row.kind else "")
    answer = stage.ask("coordinator", Ask(ask.method, ask.path, ask.body, "none", ask.json,
                                          {"Authorization": f"Bearer {secret}"}))
    stage.put_back()
    assert (answer.status_code, answer.get_json()["code"]) == (403, "scope_missing")
