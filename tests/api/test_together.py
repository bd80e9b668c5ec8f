"""One answer to many, and what is left closed, as a program asks for it."""

from __future__ import annotations

import pytest

from tests.api.programs import KEY, Desk, Program, code
from tests.scene import unsigned
from triage.actions import closing, copies, incidents

LONG = "The polling station at the old school in Kibera has run out of ballot papers and people are leaving"
TEXT = "Thank you. We are on our way."


@pytest.fixture
def matter(desk: Desk) -> list[int]:
    """Three reports, two of them copies, which Maya holds; the numbers."""
    numbers = [desk.sms(number, LONG).id for number in range(3)]
    desk.maya.post("/claim-next")
    return numbers


def asked(program: Program, numbers: list[int], **more: object) -> dict[str, object]:
    """The body that answers these reports as they stand now."""
    shown = [program.get(f"/reports/{number}").json for number in numbers]
    held = [program.get(f"/reports/{one['copy_of']}").json if one["copy_of"] else one for one in shown]
    to = [{"report": one["id"], "assignment": its["assignment"] or 1} for one, its in zip(shown, held, strict=True)]
    return {"to": to, "text": TEXT, "seen_seq": max(one["seq"] for one in held), **more}


def test_each_of_many_gets_an_answer_of_their_own_once_and_the_result_is_told(desk: Desk, matter: list[int]) -> None:
    body = asked(desk.maya, matter)
    desk.sms(2, "STOP")
    first, again = (desk.maya.post("/answers", body, KEY) for _ in range(2))
    assert (first.status_code, again.status_code, first.json["id"]) == (202, 202, again.json["id"])
    assert (first.json["report"], first.json["incident"]) == (matter[0], None)
    assert unsigned(first.json["text"]) == TEXT
    told = {one["report"]: one for one in first.json["results"]}
    assert [told[number]["delivery"]["state"] for number in matter[:2]] == ["queued", "queued"]
    assert (told[matter[2]]["delivery"], told[matter[2]]["why"]) == (None, "opted_out")
    assert "STOP" in told[matter[2]]["said"]
    with desk.scene.later(seconds=30):
        desk.scene.carry()
    assert [unsigned(text) for _, _, text in desk.scene.sent].count(TEXT) == 2
    followed = desk.root.get(f"/answers/{first.json['id']}").json
    assert [one["delivery"]["state"] for one in followed["results"] if one["delivery"]] == ["sent", "sent"]
    assert code(desk.ben.get(f"/answers/{first.json['id']}")) == (404, "not_found")
    assert code(desk.maya.post("/answers", {**body, "text": "Something else"}, KEY)) == (422, "key_reused")


def test_a_copy_alone_is_answered_too(desk: Desk, matter: list[int]) -> None:
    answer = desk.maya.post("/answers", asked(desk.maya, matter[1:2]), KEY)
    assert (answer.status_code, answer.json["report"]) == (202, matter[0])
    assert [one["report"] for one in answer.json["results"]] == matter[1:2]


def test_it_is_refused_as_a_whole_only_where_nobody_can_be_answered(desk: Desk, matter: list[int]) -> None:
    stale = asked(desk.maya, matter)
    desk.sms(1, "They have gone now")
    assert code(desk.maya.post("/answers", stale, KEY)) == (409, "conversation_moved_on")
    assert code(desk.ben.post("/answers", asked(desk.ben, matter), KEY)) == (409, "not_the_holder")
    for wrong in ({**stale, "to": []}, {**stale, "to": stale["to"] * 34}, {**stale, "to": [{"report": 1}]},
                  {**stale, "text": " "}, {**stale, "more": 1}):
        assert code(desk.maya.post("/answers", wrong, KEY)) == (422, "bad_input")
    assert code(desk.maya.post("/answers", stale)) == (422, "bad_input"), "the key is required"


def test_of_an_incident_each_leaves_in_the_name_of_its_holder(desk: Desk) -> None:
    first, second, third = (desk.sms(number, f"Told {number}").id for number in range(3))
    maya, ben = desk.people["Maya"], desk.people["Ben"]
    desk.scene.claim(desk.scene.report(first), maya)
    desk.scene.claim(desk.scene.report(second), ben)
    for other in (second, third):
        desk.scene.do(lambda other=other: incidents.link(other, first, maya))
    body = asked(desk.maya, [first, second, third], incident=desk.scene.report(first).incident_id)
    results = desk.maya.post("/answers", body, KEY).json["results"]
    assert [(one["why"], one["delivery"] is not None) for one in results] == [
        (None, True), (None, True), ("nobody_holds", False)]
    assert results[0]["delivery"]["account"] != results[1]["delivery"]["account"]
    alone = asked(desk.maya, [third], incident=body["incident"])
    assert code(desk.maya.post("/answers", alone, "another-key-of-it")) == (409, "nobody_holds")


def test_what_everybody_can_read_wants_to_be_known(desk: Desk) -> None:
    maya = desk.people["Maya"]
    desk.scene.account("mastodon", "@maya@social.example", can_send=True, operator=maya)
    first, post = desk.sms(1, "Locked"), desk.scene.post("Locked")
    desk.scene.claim(first, maya)
    desk.scene.do(lambda: copies.link(post.id, first.id, desk.people["Root"]))
    body = asked(desk.maya, [first.id, post.id])
    assert code(desk.maya.post("/answers", body, KEY)) == (422, "bad_input")
    assert desk.maya.post("/answers", {**body, "public": True}, KEY).status_code == 202


def test_what_new_people_repeat_is_left_closed_by_a_coordinator(desk: Desk) -> None:
    first = desk.sms(1, LONG).id
    desk.scene.do(lambda: closing.discard(first, desk.people["Maya"], "off_topic"))
    for number in range(2, 5):
        desk.sms(number, LONG)
    assert code(desk.maya.post(f"/reports/{first}/leave-closed")) == (403, "forbidden")
    for _ in range(2):
        assert desk.root.post(f"/reports/{first}/leave-closed").json["status"] == "closed"
    assert desk.scene.kinds(desk.scene.report(first)).count("report.left_closed") == 1
