"""The rows of the pages. A route without a row fails `test_every_route_has_a_row`.

Whom a row admits is written here a second time, on purpose: whoever changes `triage/rights.py` is asked here.
"""

from __future__ import annotations

from tests.rights.row import COORDINATORS, EVERYBODY, MANAGERS, PUBLIC, READERS, Row

REPORT = "/desk/reports/<report_id>"
INCIDENT = "/desk/incidents/<incident_id>"
MATCH = "/desk/matches/<match_id>"
ANSWER = "/desk/answers/<answer_id>"
ACCOUNT = "/accounts/<account_id>"
PERSON = "/people/<operator_id>"
HAND_OVER = "/floor/hand-over/<operator_id>"
NEW_PERSON = {"email": "new@desk.example", "name": "New Person", "role": "operator"}
PERSON_FORM = {"role": "operator", "capacity": 7, "active": "1"}

# Objects of a report, in this order: own, others', open, closed.
REPORTS = (
    Row("GET", REPORT, READERS, "ok ok ok ok", "report"),
    Row("GET", f"{REPORT}/thread", READERS, "ok ok ok ok", "report"),
    Row("POST", f"{REPORT}/claim", READERS, "ok 409 ok 409", "report", coordinator="ok 409 ok 409 409 409 409"),
    Row("POST", f"{REPORT}/release", READERS, "ok 409 409 409", "report", body={"reason": "later"}),
    Row("POST", f"{REPORT}/assign", COORDINATORS, "ok ok ok 409 422 422 409", "report", body={"operator": "{Cleo}"}),
    Row("POST", f"{REPORT}/still", READERS, "ok 409 409 409", "report"),
    Row("POST", f"{REPORT}/reply", READERS, "ok 409 409 409", "report",
        body={"text": "hello", "assignment": "{assignment}", "seen_seq": "{seq}", "key": "matrix-0001"}),
    Row("POST", f"{REPORT}/by-hand", READERS, "ok 409 409 409", "report",
        body={"text": "hello", "assignment": "{assignment}", "seen_seq": "{seq}", "key": "matrix-0002"}),
    Row("POST", f"{REPORT}/draft", READERS, "ok ok ok ok", "report", body={"text": "hello"}),
    Row("POST", f"{REPORT}/note", READERS, "ok ok ok ok", "report", body={"text": "hello"}),
    Row("POST", f"{REPORT}/close", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
        body={"outcome": "actionable"}),
    Row("POST", f"{REPORT}/discard", READERS, "ok 409 ok 409", "report", body={"reason": "spam"}),
    Row("POST", f"{REPORT}/reopen", READERS, "422 422 422 ok", "report"),
    Row("POST", f"{REPORT}/snooze", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
        body={"minutes": 30}),
    Row("POST", f"{REPORT}/wake", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409"),
    Row("POST", f"{REPORT}/route", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
        body={"team": "{team}"}),
    Row("POST", f"{REPORT}/place", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
        body={"remove": "1"}),
    Row("POST", f"{REPORT}/prioritise", READERS, "ok 409 409 409", "report", coordinator="ok ok ok 409",
        body={"priority": 1}),
    Row("POST", f"{REPORT}/observer", COORDINATORS, "ok ok ok ok", "report", body={"observer": "1"}),
    Row("GET", f"{REPORT}/compare/<other_id>", READERS, "422 ok ok ok", "report"),
    Row("GET", f"{REPORT}/compare", READERS, "422 422 422 422", "report"),
    Row("POST", f"{REPORT}/copy-of", READERS, "422 409 ok 409", "report", coordinator="422 ok ok 409",
        body={"of": "{own}"}),
    Row("POST", f"{REPORT}/not-a-copy", READERS, "422 422 422 422", "report"),
    Row("POST", f"{REPORT}/incident", READERS, "422 ok ok ok", "report", body={"of": "{own}"}),
    Row("POST", f"{REPORT}/leave-incident", READERS, "422 422 422 422", "report"),
    Row("GET", INCIDENT, READERS, "ok 404 404", "incident", coordinator="ok ok 404", others={"foreigner": "ok ok 404"}),
    Row("POST", f"{INCIDENT}/title", READERS, "409 404 404", "incident", coordinator="ok ok 404",
        body={"title": "Hill"}, others={"operator": "ok 404 404", "foreigner": "409 409 404"}),
    Row("GET", f"{REPORT}/answer-all", READERS, "ok 409 409 409", "report"),
    Row("POST", f"{REPORT}/answer-all", READERS, "ok 409 409 409", "report", body={
        "text": "hello", "send": "yes", "seen_seq": "{seq}", "key": "matrix-0003", "to": "{report}-{assignment}"}),
    Row("GET", f"{INCIDENT}/answer", READERS, "403 404 404", "incident", coordinator="ok ok 404",
        others={"operator": "ok 404 404", "foreigner": "403 403 404"}),
    Row("POST", f"{INCIDENT}/answer", READERS, "403 404 404", "incident", coordinator="ok ok 404",
        others={"operator": "ok 404 404", "foreigner": "403 403 404"}, body={"text": "hello"}),
    Row("GET", ANSWER, READERS, "404 404", "answer", coordinator="ok 404", others={"operator": "ok 404"}),
    Row("POST", f"{ANSWER}/undo", READERS, "404 404", "answer", others={"operator": "ok 404"}),
    Row("POST", f"{MATCH}/confirm", READERS, "409 409 404", "match", coordinator="ok ok 404", body={"report": "{own}"},
        others={"operator": "ok 409 404", "foreigner": "404 409 404"}),
    Row("POST", f"{MATCH}/reject", READERS, "409 409 404", "match", coordinator="ok ok 404", body={"report": "{own}"},
        others={"operator": "ok 409 404", "foreigner": "404 409 404"}),
    Row("POST", "/desk/messages/<message_id>/split", READERS, "ok 409 409 409", "message",
        coordinator="ok ok ok 409", body={"report": "{report}"}),
    Row("POST", "/desk/deliveries/<delivery_id>/undo", READERS, "ok 404 404 404", "undo", body={"report": "{report}"}),
    Row("POST", "/desk/deliveries/<delivery_id>/decide", READERS, "ok 409 404 409", "decide",
        coordinator="ok ok 404 ok", body={"report": "{report}", "verdict": "sent"}),
)

FILE = "/desk/files/<file_id>"
FILES = (
    Row("GET", FILE, READERS, "ok ok ok ok", "file"),
    Row("POST", f"{FILE}/original", COORDINATORS, "ok ok ok ok", "file", body={"reason": "Who was it?"}),
    Row("POST", f"{FILE}/transcript", READERS, "ok 409 409 409", "file",
        body={"text": "hello", "assignment": "{assignment}", "report": "{report}"}),
    Row("GET", "/media/<token>", PUBLIC, "404"),
)

DESK = (
    Row("GET", "/desk", READERS),
    Row("GET", "/desk/rows", READERS),
    Row("POST", "/desk/next", READERS),
    Row("POST", "/desk/shift", READERS, body={"shift": "finishing"}),
)

FLOOR = (
    Row("GET", "/floor", COORDINATORS),
    Row("GET", "/floor/body", COORDINATORS),
    Row("POST", "/floor/resume", COORDINATORS),
    Row("POST", "/floor/leave-closed/<report_id>", COORDINATORS, "ok ok ok ok", "report"),
    # Refusals of giving are said on the floor itself.
    Row("POST", "/floor/give/<operator_id>", COORDINATORS, "ok ok ok ok", "person", body={"report": "{open}"}),
    Row("GET", HAND_OVER, COORDINATORS, "ok 404 ok 404", "person"),
    Row("POST", HAND_OVER, COORDINATORS, "ok 404 ok 404", "person", body={"to": "{Cleo}", "report": "{others}"}),
    Row("GET", "/quarantine", COORDINATORS),
    Row("POST", "/quarantine/<item_id>/retry", COORDINATORS, "ok ok ok", "item"),
)

MANAGING = (
    Row("GET", "/accounts", MANAGERS),
    Row("POST", "/accounts", MANAGERS, body={"channel": "sms", "address": "+254700111222", "can_receive": "1"}),
    Row("GET", "/accounts/new", MANAGERS),
    Row("GET", "/accounts/prices", MANAGERS),
    Row("POST", "/accounts/prices", MANAGERS, body={"carrier": "sms/simulator", "region": "KE", "price": "0.03"}),
    Row("POST", "/accounts/prices/<price_id>/remove", MANAGERS, "ok 404", "price"),
    Row("GET", ACCOUNT, MANAGERS, "ok ok 404", "account"),
    Row("POST", ACCOUNT, MANAGERS, "ok ok 404", "account", body={"label": "Desk"}),
    Row("POST", f"{ACCOUNT}/forget", MANAGERS, "ok ok 404", "account"),
    Row("POST", f"{ACCOUNT}/restore", MANAGERS, "ok ok 404", "account"),
    Row("POST", f"{ACCOUNT}/give-up", MANAGERS, "422 422 404", "account"),
    Row("POST", f"{ACCOUNT}/test", MANAGERS, "ok ok 404", "account", body={"to": "+254700111333", "key": "trial-0001"}),
    Row("POST", f"{ACCOUNT}/pause", MANAGERS, "ok ok 404", "account"),
    Row("POST", f"{ACCOUNT}/resume", MANAGERS, "ok ok 404", "account"),
    Row("POST", f"{ACCOUNT}/options", MANAGERS, "ok ok 404", "account", body={"options": ""}),
    Row("POST", f"{ACCOUNT}/secret", MANAGERS, "ok ok 404", "account", body={"secret": "a new key"}),
    Row("GET", f"{ACCOUNT}/transfer", MANAGERS, "ok ok 404", "account"),
    Row("POST", f"{ACCOUNT}/transfer", MANAGERS, "ok ok 404", "account", body={"operator": "{Maya}"}),
    Row("POST", "/accounts/rules", MANAGERS, body={"channel": "sms", "rule": "pool"}),
    Row("GET", "/places", MANAGERS),
    Row("POST", "/places/import", MANAGERS, "422"),
    Row("POST", "/places/import/all", MANAGERS, "422", body={"kept": "0" * 48}),
    Row("GET", "/people", MANAGERS),
    Row("POST", "/people", MANAGERS, body=NEW_PERSON),
    # Somebody who is more than an operator is changed and invited by those who grant roles.
    Row("POST", PERSON, MANAGERS, "ok ok ok 404", "person", coordinator="ok 403 403 404", body=PERSON_FORM),
    Row("POST", f"{PERSON}/invite", MANAGERS, "ok ok ok 404", "person", coordinator="ok 403 403 404"),
    Row("POST", "/teams", MANAGERS, body={"team": "Lake"}),
    Row("POST", "/teams/<team_id>/join", MANAGERS, "ok 404", "team", body={"operator": "{Ben}"}),
    Row("POST", "/teams/<team_id>/leave", MANAGERS, "ok ok", "team", body={"operator": "{Maya}"}),
)

OWN = (
    Row("POST", "/logout", EVERYBODY),
    Row("GET", "/me", EVERYBODY),
    Row("POST", "/me/password", EVERYBODY, body={"current": "wrong", "password": "x"}, outcomes="422"),
    # Another's number does nothing, and says so as little as a number that is nobody's.
    Row("POST", "/me/sessions/<session_id>/end", EVERYBODY, "ok ok ok", "session"),
    Row("POST", "/me/tokens/<token_id>/end", EVERYBODY, "ok ok ok", "token"),
    Row("POST", "/me/sessions/end", EVERYBODY),
    Row("POST", "/me/typed", EVERYBODY, body={"kept_text": "hello", "kept_report": "{own}"},
        others={"admin": "404", "auditor": "404"}),
    Row("POST", "/language", EVERYBODY, body={"language": "en"}),
)

DOORS = (
    Row("GET", "/", PUBLIC, others={"nobody": "signin", "inactive": "signin"}),
    Row("GET", "/login", PUBLIC),
    Row("POST", "/login", PUBLIC, "signin", body={"email": "maya@desk.example", "password": "not hers"}),
    Row("GET", "/invite/<token>", PUBLIC, "404"),
    Row("POST", "/invite/<token>", PUBLIC, "404", body={"password": "whatever"}),
    Row("GET", "/report", PUBLIC),
    Row("POST", "/report", PUBLIC, "400", body={"step": "what"}),
    Row("GET", "/exit", PUBLIC),
    Row("GET", "/back", PUBLIC),
    Row("POST", "/back", PUBLIC, "400", body={"code": "1234 5678 9012 3456"}),
    Row("POST", "/hooks/<provider>/<hook>", PUBLIC, "404"),
    Row("POST", "/hooks/gateway/<account_id>", PUBLIC, "404"),
    Row("GET", "/hooks/gateway/<account_id>", PUBLIC, "404"),
    Row("POST", "/hooks/gateway/<account_id>/outbox", PUBLIC, "404"),
    Row("POST", "/hooks/gateway/<account_id>/results", PUBLIC, "404"),
    Row("GET", "/healthz", PUBLIC),
    Row("GET", "/readyz", PUBLIC),
    Row("GET", "/metrics", PUBLIC),  # from the machine itself; tests/web/test_metrics.py for from elsewhere
)

# On practice desks everybody may play a citizen.
PRACTICE = (
    Row("GET", "/simulator", PUBLIC),
    Row("GET", "/simulator/live", PUBLIC),
    Row("POST", "/simulator/messages", PUBLIC, "422"),
    Row("POST", "/simulator/people", PUBLIC, body={"channel": "sms"}),
    Row("POST", "/simulator/people/away", PUBLIC, body={"channel": "sms", "address": "+254711222333"}),
    Row("POST", "/simulator/carrier", PUBLIC, "422"),
    Row("POST", "/simulator/wave", PUBLIC),
)

PAGES = (*REPORTS, *FILES, *DESK, *FLOOR, *MANAGING, *OWN, *DOORS, *PRACTICE)
