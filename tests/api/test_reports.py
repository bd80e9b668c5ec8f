"""Every call about reports, as a program makes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.programs import KEY, Desk, code, reply
from tests.scene import unsigned
from triage import clock
from triage.actions import closing, ingest, routing, teams
from triage.queries import ledger, search

# ---------------------------------------------------------------- lists


def test_the_list_is_in_queue_order_and_its_pages_follow_each_other(desk: Desk) -> None:
    sent = [desk.sms(number).id for number in range(5)]
    desk.scene.do(lambda: routing.prioritise(sent[3], desk.people["Root"], 0))
    whole = [sent[3], *sent[:3], sent[4]]
    assert desk.numbers() == whole
    found, after = [], ""
    while after is not None:
        page = desk.maya.get(f"/reports?limit=2{after and f'&after={after}'}").json
        found += [one["id"] for one in page["items"]]
        after = page["next"]
    assert found == whole


def test_a_report_that_leaves_between_two_pages_moves_none_of_the_others(desk: Desk) -> None:
    sent = [desk.sms(number).id for number in range(4)]
    first = desk.maya.get("/reports?limit=2").json
    desk.scene.do(lambda: closing.discard(sent[0], desk.people["Ben"], "test"))
    assert desk.numbers(f"?limit=2&after={first['next']}") == sent[2:]


def test_lists_by_what_reports_are(desk: Desk) -> None:
    sent = [desk.sms(number) for number in range(4)]
    post = desk.scene.post("A public word")
    coast = desk.scene.do(lambda: teams.add_team("Coast", desk.people["Root"]))
    desk.scene.do(lambda: routing.route(sent[3].id, desk.people["Root"], coast.id))
    desk.scene.claim(sent[0], desk.people["Maya"])
    desk.scene.claim(sent[1], desk.people["Ben"])
    desk.scene.do(lambda: closing.discard(sent[2].id, desk.people["Ben"], "spam"))
    mine, theirs, closed, routed = (one.id for one in sent)
    assert desk.numbers("?mine=true") == [mine]
    assert desk.numbers("?status=assigned&mine=false") == [theirs]
    assert desk.numbers("?status=closed") == [closed]
    assert desk.numbers("?channel=mastodon") == [post.id]
    assert desk.numbers("?team=Coast", desk.root) == [routed]
    assert desk.numbers("?team=Coast") == []
    assert desk.numbers("?status=open") == [post.id]


def test_words_are_found_newest_first_whatever_became_of_the_report(desk: Desk) -> None:
    old, other, new = (desk.sms(number, text).id for number, text in enumerate(
        ("The BALLOT box is 100% full", "Nothing", "A ballot_box was taken")))
    desk.scene.do(lambda: closing.discard(old, desk.people["Ben"], "spam"))
    assert desk.numbers("?q=ballot") == [new, old]
    assert desk.numbers("?q=ballot&status=open") == [new]
    assert (desk.numbers("?q=100%25"), desk.numbers("?q=t_b"), desk.numbers("?q=l%25o")) == ([old], [new], [])
    first = desk.maya.get("/reports?q=ballot&limit=1").json
    assert desk.numbers(f"?q=ballot&limit=1&after={first['next']}") == [old]
    assert desk.numbers("?q=nothing") == [other]


def test_only_the_newest_messages_are_searched(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    old = desk.sms(1, "A ballot").id
    assert desk.numbers("?q=ballot") == [old]
    monkeypatch.setattr(search, "WINDOW", 2)
    desk.sms(2), desk.sms(3)
    assert desk.numbers("?q=ballot") == []


# ---------------------------------------------------------------- one report


def test_one_report_with_everything_about_it(desk: Desk) -> None:
    report, copy = desk.sms(1), desk.sms(2, "The same")
    desk.maya.post(f"/reports/{report.id}/claim")
    desk.maya.post(f"/reports/{report.id}/release", {"reason": "My shift ends"})
    assert desk.root.post(f"/reports/{copy.id}/copies", {"of": report.id}).json["copy_of"] == report.id
    shown = desk.maya.get(f"/reports/{report.id}").json
    said = [one["body"] for one in shown["messages"] if one["direction"] == "in"]
    assert said == ["The station is closed", "The same"]
    assert [one["id"] for one in shown["copies"]] == [copy.id]
    assert [one["body"] for one in shown["notes"]] == ["My shift ends"]
    assert (shown["status"], shown["holder"], shown["assignment"], shown["incident"]) == ("open", None, None, None)
    assert shown["seq"] == desk.scene.head()


def test_what_is_not_ones_to_see_is_missing_in_the_same_words(desk: Desk) -> None:
    report = desk.sms(1)
    coast = desk.scene.do(lambda: teams.add_team("Coast", desk.people["Root"]))
    desk.scene.do(lambda: routing.route(report.id, desk.people["Root"], coast.id))
    there, missing = (desk.maya.get(f"/reports/{number}") for number in (report.id, 10**6))
    assert code(there) == (404, "not_found")
    assert there.data == missing.data
    assert desk.root.get(f"/reports/{report.id}").status_code == 200


def test_who_is_only_admin_reads_no_report(desk: Desk) -> None:
    desk.sms(1)
    for path in ("/reports", "/reports/1", "/deliveries/1", "/events", "/stats", "/ledger"):
        assert code(desk.admin.get(path)) == (403, "forbidden")
    assert desk.admin.get("/openapi.json").status_code == 200


# ---------------------------------------------------------------- who holds it


def test_claiming_twice_gives_the_same_assignment_and_a_second_claimer_hears_who_has_it(desk: Desk) -> None:
    report = desk.sms(1)
    first, again = (desk.maya.post(f"/reports/{report.id}/claim").json for _ in range(2))
    assert first["assignment"] == again["assignment"]
    late = desk.ben.post(f"/reports/{report.id}/claim")
    assert code(late) == (409, "already_assigned")
    assert late.json["holder"] == "Maya"


def test_claim_next_takes_the_first_and_says_204_where_none_is_left(desk: Desk) -> None:
    sent = [desk.sms(number).id for number in range(2)]
    assert [desk.maya.post("/claim-next").json["id"] for _ in sent] == sent
    empty = desk.maya.post("/claim-next")
    assert (empty.status_code, empty.data) == (204, b"")


def test_who_is_full_is_told_so(desk: Desk) -> None:
    desk.scene.do(lambda: setattr(desk.people["Maya"], "capacity", 1))
    desk.sms(1), desk.sms(2)
    assert desk.maya.post("/claim-next").status_code == 200
    assert code(desk.maya.post("/claim-next")) == (409, "at_capacity")


def test_only_coordinators_assign(desk: Desk) -> None:
    report, ben = desk.sms(1), desk.people["Ben"].id
    assert code(desk.maya.post(f"/reports/{report.id}/assign", {"operator": ben})) == (403, "forbidden")
    assert desk.root.post(f"/reports/{report.id}/assign", {"operator": ben}).json["holder"]["id"] == ben
    assert code(desk.root.post(f"/reports/{report.id}/assign", {"operator": 10**6})) == (404, "not_found")


def test_a_report_given_back_that_leaves_ones_sight_is_done_and_not_shown(desk: Desk) -> None:
    report, coast = desk.sms(1), desk.scene.do(lambda: teams.add_team("Coast", desk.people["Root"]))
    desk.maya.post(f"/reports/{report.id}/claim")
    desk.scene.do(lambda: setattr(desk.scene.report(report.id), "team_id", coast.id))
    assert desk.maya.post(f"/reports/{report.id}/release", {}).status_code == 204
    assert desk.scene.report(report.id).status == "open"


# ---------------------------------------------------------------- what is said


def test_an_answer_is_accepted_once_and_its_delivery_can_be_followed(desk: Desk) -> None:
    desk.sms(1)
    shown = desk.maya.post("/claim-next").json
    first, again = reply(desk, shown), reply(desk, shown)
    assert (first.status_code, again.status_code, first.json["id"]) == (202, 202, again.json["id"])
    desk.scene.carry()
    followed = desk.maya.get(f"/deliveries/{first.json['id']}").json
    assert (followed["state"], followed["report"]) == ("sent", shown["id"])
    assert [one["outcome"] for one in followed["attempts"]] == ["accepted"]
    assert [unsigned(text) for _, _, text in desk.scene.sent].count("Thank you") == 1
    assert code(reply(desk, shown, "Something else")) == (422, "key_reused")


def test_an_answer_by_an_old_fence_or_to_an_old_page_is_refused(desk: Desk) -> None:
    report = desk.sms(1)
    shown = desk.maya.post("/claim-next").json
    desk.sms(1, "And now they shout")
    stale = reply(desk, shown)
    assert code(stale) == (409, "conversation_moved_on")
    assert stale.json["count"] == 1
    desk.root.post(f"/reports/{report.id}/assign", {"operator": desk.people["Ben"].id})
    assert code(reply(desk, shown)) == (409, "not_the_holder")


def test_what_cannot_be_sent_is_said_with_its_code(desk: Desk) -> None:
    desk.sms(1)
    shown = desk.maya.post("/claim-next").json
    assert code(reply(desk, shown, "x" * 481)) == (422, "too_long")
    desk.sms(1, "STOP")
    assert code(reply(desk, desk.maya.get(f"/reports/{shown['id']}").json)) == (422, "opted_out")
    desk.scene.post("A public word")
    public = desk.maya.post("/claim-next").json
    assert public["sending"]["blocked"] == "no_reply_account"
    assert code(reply(desk, public)) == (422, "no_reply_account")


# ---------------------------------------------------------------- how it ends


def test_close_reopen_discard_snooze(desk: Desk) -> None:
    number = desk.sms(1).id
    desk.maya.post(f"/reports/{number}/claim")
    assert code(desk.maya.post(f"/reports/{number}/close", {"outcome": "not_actionable"})) == (422, "bad_input")
    closed = desk.maya.post(f"/reports/{number}/close", {"outcome": "not_actionable", "reason": "test"}).json
    assert (closed["status"], closed["reason"], closed["assignment"]) == ("closed", "test", None)
    assert code(desk.maya.post(f"/reports/{number}/discard", {"reason": "spam"})) == (409, "already_closed")
    opened = desk.maya.post(f"/reports/{number}/reopen").json
    assert (opened["status"], opened["mine"]) == ("assigned", True)
    until = (clock.now() + timedelta(hours=2)).isoformat()
    assert desk.maya.post(f"/reports/{number}/snooze", {"until": until}).json["snoozed_until"]
    for wrong in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00+00:00", "tomorrow", "2026-11-21", "2026-11-21T10:00:00",
                  "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 1795280000):
        assert code(desk.maya.post(f"/reports/{number}/snooze", {"until": wrong})) == (422, "bad_input")


def test_reopening_beside_a_newer_open_report_names_it(desk: Desk) -> None:
    number = desk.sms(1).id
    desk.maya.post(f"/reports/{number}/discard", {"reason": "test"})
    with desk.scene.later(hours=100):
        newer = desk.sms(1).id
    refused = desk.maya.post(f"/reports/{number}/reopen")
    assert (code(refused), refused.json["report"]) == ((409, "live_report_exists"), newer)


def test_copies_are_marked_and_unmarked(desk: Desk) -> None:
    first, second = desk.sms(1).id, desk.sms(2).id
    desk.maya.post(f"/reports/{first}/claim")
    marked = desk.maya.post(f"/reports/{second}/copies", {"of": first}).json
    assert (marked["status"], marked["copy_of"]) == ("duplicate", first)
    unmarked = desk.maya.ask("DELETE", f"/reports/{second}/copies").json
    assert (unmarked["status"], unmarked["copy_of"]) == ("open", None)


def test_a_copy_and_a_suggestion_say_why_and_a_program_decides(desk: Desk) -> None:
    first = desk.sms(1, "No ballot papers here at all").id
    second = desk.sms(2, "No balot papers here at all").id
    (asked,) = desk.root.get(f"/reports/{first}").json["related"]["suggestions"]
    assert (asked["kind"], asked["report"], asked["may_confirm"], asked["why"]["reason"]) == (
        "same_message", second, True, "alike")
    assert asked["why"]["differences"] == [{"kind": "typo", "a": ["ballot"], "b": ["balot"]}]
    assert "ballot" in asked["why"]["said"]
    assert code(desk.maya.post(f"/matches/{asked['match']}/confirm")) == (409, "not_the_holder")
    assert desk.root.post(f"/matches/{asked['match']}/confirm").json["copy_of"] == first
    (linked,) = desk.root.get(f"/reports/{first}").json["related"]["copies"]
    assert (linked["report"], linked["by"]) == (second, "Root")
    assert desk.root.get(f"/reports/{second}").json["related"]["copy_of"]["report"] == first
    assert code(desk.root.post(f"/matches/{asked['match']}/reject")) == (422, "bad_input")


def test_what_a_program_refuses_is_not_suggested_again(desk: Desk) -> None:
    first = desk.sms(1, "No ballot papers here at all").id
    desk.sms(2, "No ballot papers here at all")
    (asked,) = desk.root.get(f"/reports/{first}").json["related"]["suggestions"]
    assert desk.root.post(f"/matches/{asked['match']}/reject").status_code == 204
    assert desk.root.get(f"/reports/{first}").json["related"]["suggestions"] == []


def test_a_split_takes_only_a_message_of_that_report(desk: Desk) -> None:
    first, other = desk.sms(1).id, desk.sms(2).id
    desk.sms(1, "Elsewhere a box was burnt")
    shown = desk.maya.post(f"/reports/{first}/claim").json
    message = next(one["id"] for one in shown["messages"] if "burnt" in one["body"])
    assert code(desk.root.post(f"/reports/{other}/split", {"message": message})) == (404, "not_found")
    split = desk.maya.post(f"/reports/{first}/split", {"message": message})
    assert (split.status_code, split.json["split_from"]) == (201, first)


# ---------------------------------------------------------------- written down


def test_a_call_is_written_down_once_and_the_books_balance(desk: Desk) -> None:
    body = {"channel": "phone", "text": "They shoot", "sender": "0711 000 777", "place": "Ward 4", "urgent": True}
    first, again = (desk.maya.post("/reports", body, KEY) for _ in range(2))
    assert (first.status_code, first.json["result"]) == (201, "opened")
    assert again.json["report"]["id"] == first.json["report"]["id"]
    shown = first.json["report"]
    assert (shown["channel"], shown["sender"], shown["priority"], shown["place"]) == ("phone", "…77", 1, "Ward 4")
    assert code(desk.maya.post("/reports", {**body, "text": "They sing"}, KEY)) == (422, "key_reused")
    assert desk.ben.post("/reports", {**body, "text": "They sing"}, KEY).json["result"] == "joined"
    assert code(desk.maya.post("/reports", {**body, "channel": "gateway"}, KEY)) == (422, "key_reused")
    books = ledger.ledger()
    assert (books.received, books.opened, books.joined, books.difference) == (2, 1, 1, 0)


def test_without_a_key_each_is_a_message_of_its_own(desk: Desk) -> None:
    numbers = {desk.maya.post("/reports", {"channel": "phone", "text": "They shoot"}).json["report"]["id"]
               for _ in range(2)}
    assert len(numbers) == 2


def test_a_caller_is_answered_only_where_they_allowed_it(desk: Desk) -> None:
    told = {"channel": "phone", "text": "They shoot", "sender": "+254711000777"}
    number = desk.maya.post("/reports", told).json["report"]["id"]
    assert desk.maya.post(f"/reports/{number}/claim").json["sending"]["blocked"] == "no_reply_account"
    allowed = {**told, "sender": "+254711000888", "reply_to": "+254711000888"}
    other = desk.maya.post("/reports", allowed).json["report"]["id"]
    shown = desk.maya.post(f"/reports/{other}/claim").json
    assert (shown["sending"]["blocked"], shown["sending"]["channel"], shown["consent_answer"]) == (None, "sms", True)
    assert reply(desk, shown).status_code == 202
    desk.scene.carry()
    _, to, text = desk.scene.sent[-1]
    assert (to, text) == ("+254711000888", "Thank you\n- Maya, volunteer at Harbour Election Desk")


def test_a_text_that_came_by_another_gateway_is_a_text(desk: Desk) -> None:
    """It joins the same person's report, is answered as one, and STOP is obeyed."""
    report = desk.sms(1)
    sent = {"channel": "gateway", "sender": "+254711000001"}
    assert desk.maya.post("/reports", {**sent, "text": "Still here"}).json["report"]["id"] == report.id
    stopped = desk.maya.post("/reports", {**sent, "text": "STOP"})
    assert (stopped.status_code, stopped.json) == (201, {"result": "control", "report": None})
    assert desk.maya.get(f"/reports/{report.id}").json["opted_out"]


def test_a_written_report_that_was_quarantined_can_be_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(ingest, "ingest", lambda *_: 1 / 0)
        answer = desk.maya.post("/reports", {"channel": "phone", "text": "They shoot"}).json
    assert answer == {"result": "quarantined", "report": None}
    desk.scene.do(lambda: ingest.understand_later(desk.scene.item().id, again=True))
    assert desk.numbers("?q=shoot")


# ---------------------------------------------------------------- figures


def test_figures_and_the_ledger(desk: Desk) -> None:
    desk.sms(1), desk.sms(2)
    desk.maya.post("/claim-next")
    figures = desk.root.get("/stats").json
    assert figures["reports"] == {"open": 1, "assigned": 1, "closed": 0, "duplicate": 0}
    assert (figures["new"], figures["on_shift"], figures["longest_wait_since"] is not None) == (1, 3, True)
    books = desk.root.get("/ledger").json
    assert (books["received"], books["opened"], books["difference"]) == (2, 2, 0)
    assert code(desk.maya.get("/stats")) == (403, "forbidden")


def test_events_are_told_from_a_number_on(desk: Desk) -> None:
    before = desk.scene.head()
    report = desk.sms(1)
    answer = desk.maya.get(f"/events?after={before}&limit=1").json
    assert [(one["kind"], one["report"]) for one in answer["items"]] == [("report.opened", report.id)]
    assert answer["next"] == before + 1 < answer["head"] == desk.scene.head()
    gone = desk.maya.get("/events?after=10000")
    assert (code(gone), gone.json["head"]) == ((410, "gone"), desk.scene.head())
    for query in ("after=-1", "after=x", "limit=501", "since=1", "after=" + "9" * 30):
        assert code(desk.maya.get(f"/events?{query}")) == (422, "bad_input")


def test_reports_of_one_incident_are_linked_and_taken_out(desk: Desk) -> None:
    first, second = desk.sms(1).id, desk.sms(2).id
    desk.maya.post(f"/reports/{first}/claim")
    linked = desk.maya.post(f"/reports/{second}/incident", {"of": first}).json
    assert {**linked["incident"], "title": ""} == {"id": 1, "title": "", "state": "open", "reports": [first, second],
                                                   "hidden": 0}
    assert linked["incident"]["title"]
    assert linked["status"] == "open"
    assert desk.maya.get(f"/reports/{first}").json["incident"] == linked["incident"]
    assert desk.maya.ask("DELETE", f"/reports/{second}/incident").json["incident"] is None
    assert code(desk.maya.ask("DELETE", f"/reports/{second}/incident")) == (422, "bad_input")
