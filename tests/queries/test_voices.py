"""The line citizens read: computed unless somebody wrote one, and never a person's own name."""

from __future__ import annotations

import pytest

from tests.scene import Scene
from triage.queries import voices

DESK = "Harbour Election Desk"


@pytest.mark.parametrize("own, label, writes, line", [
    (True, "", True, f"Amina, volunteer at {DESK}"),
    (True, "Amina of the harbour", True, "Amina of the harbour"),
    (False, "", True, f"Amina, volunteer at {DESK}"),
    (False, "The Harbour", True, "Amina, volunteer at The Harbour"),
    (False, "", False, DESK), (False, "The Harbour", False, "The Harbour"),
])
def test_who_citizens_are_told_has_written(scene: Scene, own: bool, label: str, writes: bool, line: str) -> None:
    amina = scene.operator("Amina")
    amina.name = "Amina Otieno"
    account = scene.account("sms", "+254700000801", operator=amina if own else None)
    account.label = label
    assert voices.identity_line(account, amina if writes else None) == line


def test_an_answer_on_the_web_is_signed_without_an_account(scene: Scene) -> None:
    assert voices.identity_line(None, scene.operator("Amina")) == f"Amina, volunteer at {DESK}"
