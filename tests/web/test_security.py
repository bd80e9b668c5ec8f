"""What stands before and behind every view: hosts, cookies, origin, CSRF, size, headers, roles."""

from __future__ import annotations

import re

import pytest
from flask import Flask, request

from tests.scene import Scene
from tests.web.door import Browser, words
from triage.web import PUBLIC_ENDPOINTS

HTTPS = {"public_url": "https://desk.example", "staff_url": "https://desk.example"}
APART = {"public_url": "https://report.example", "staff_url": "https://desk.example"}
PAGES = {"coordinator": {"/floor", "/floor/body", "/quarantine", "/people", "/accounts", "/desk"},
         "admin": {"/people", "/accounts"}, "operator": {"/desk"}, "auditor": set()}
ALL = ("/floor", "/floor/body", "/quarantine", "/people", "/accounts", "/desk")


def test_pages_say_what_a_browser_may_do_with_them(browser: Browser) -> None:
    headers = browser.get("/login").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["connect-src"].split() == ["'self'", "ws://localhost:8000", "ws://127.0.0.1:8000"]
    assert not {"unsafe-inline", "unsafe-eval", "data:", "*"} & set(headers["Content-Security-Policy"].split())
    assert {headers[name] for name in ("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy")} == {"same-origin"}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "microphone=()" in headers["Permissions-Policy"]
    assert not {"Server", "X-Powered-By", "Strict-Transport-Security"} & set(headers.keys())


def test_pages_hold_nothing_the_policy_refuses(scene: Scene, browser: Browser) -> None:
    browser.sign_in(scene.operator("Zawadi", "coordinator", "admin"))
    for page in (*ALL, "/me", "/login", "/nothing"):
        text = browser.get(page).text
        assert " style=" not in text, page
        assert "<style" not in text, page
        assert " onclick=" not in text, page


def test_files_with_their_mark_are_kept_and_others_asked_again(browser: Browser) -> None:
    assert "immutable" in browser.get("/static/css/tokens.css?v=1").headers["Cache-Control"]
    assert "no-cache" in browser.get("/static/css/tokens.css").headers["Cache-Control"]


@pytest.mark.parametrize("settings", [HTTPS], indirect=True)
def test_on_https_the_cookie_is_bound_to_the_host_and_the_browser_to_https(browser: Browser) -> None:
    headers = browser.get("/login", base_url="https://desk.example").headers
    assert headers["Set-Cookie"].startswith("__Host-triage=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(headers["Set-Cookie"].split("; "))
    assert "Domain" not in headers["Set-Cookie"]
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "wss://desk.example" in headers["Content-Security-Policy"]


def test_on_loopback_the_cookie_has_a_plain_name(browser: Browser) -> None:
    cookie = browser.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("triage=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.example", "[::1"])
def test_a_foreign_host_is_refused(browser: Browser, host: str) -> None:
    assert browser.get("/login", headers={"Host": host}).status_code == 400
    assert browser.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host, status", [("127.0.0.1:8000", 200), ("localhost:8000", 200), ("[::1]:8000", 200)])
def test_this_machine_has_several_names(browser: Browser, host: str, status: int) -> None:
    assert browser.get("/login", headers={"Host": host}).status_code == status


@pytest.mark.parametrize("settings", [APART], indirect=True)
def test_staff_pages_stay_off_the_citizens_host(browser: Browser) -> None:
    assert browser.get("/report", base_url="https://report.example").status_code == 200
    assert browser.get("/people", base_url="https://report.example").status_code == 404
    assert browser.get("/people", base_url="https://desk.example").status_code == 302


# ---------------------------------------------------------------- who sent this


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:9999"},
])
def test_another_sites_form_changes_nothing(scene: Scene, browser: Browser, headers: dict[str, str]) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/me")
    answer = browser.post("/logout", headers=headers)
    assert answer.status_code == 403
    assert "came from another site" in words(answer)
    assert browser.get("/me").status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "null"},
                                     {"Origin": "http://localhost:8000"}, {}])
def test_our_own_forms_pass(scene: Scene, browser: Browser, headers: dict[str, str]) -> None:
    browser.sign_in(scene.operator("Amina"))
    browser.get("/me")
    assert browser.post("/logout", headers=headers).status_code == 302


def test_a_form_without_its_token_is_refused_and_its_text_kept(scene: Scene, browser: Browser) -> None:
    amina, report = scene.operator("Amina"), scene.sms("No ink")
    scene.claim(report, amina)
    browser.sign_in(amina)
    answer = browser.client.post(f"/desk/reports/{report.id}/reply", data={"text": "precious words"})
    assert answer.status_code == 400
    assert answer.text.count("precious words") == 2
    assert f"Keep it as my draft on #{report.id}" in words(answer)


def test_a_form_whose_cookie_is_gone_offers_the_sign_in_with_the_text(scene: Scene, browser: Browser) -> None:
    answer = browser.post("/desk/reports/7/reply", {"text": "precious words"})
    assert answer.status_code == 400
    assert answer.text.count("precious words") == 2
    assert 'name="password"' in answer.text


def test_a_token_of_another_browser_does_not_fit(scene: Scene, app: Flask, browser: Browser) -> None:
    other = Browser(app)
    other.get("/login")
    browser.sign_in(scene.operator("Amina"))
    browser.get("/me")
    browser.token = other.token
    assert browser.post("/logout").status_code == 400


def test_a_new_session_has_a_new_token(scene: Scene, browser: Browser) -> None:
    browser.get("/login")
    before = browser.token
    browser.sign_in(scene.operator("Amina"))
    browser.token = before
    assert browser.post("/logout").status_code == 400


# ---------------------------------------------------------------- size


@pytest.mark.parametrize("options", [
    {"data": {"text": "x" * 1_100_000}}, {"data": b"x" * 1_100_000, "content_type": "application/octet-stream"},
    {"json": {"text": "x" * 1_100_000}},
])
def test_more_than_a_megabyte_is_refused_with_a_sentence(
    scene: Scene, browser: Browser, options: dict[str, object]
) -> None:
    browser.sign_in(scene.operator("Amina"))
    answer = browser.client.post("/desk/reports/1/draft", headers={"X-CSRFToken": browser.token}, **options)
    assert answer.status_code == 413
    assert "at most 1 MB" in answer.text


# ---------------------------------------------------------------- roles


@pytest.mark.parametrize("role", sorted(PAGES))
def test_each_role_opens_its_pages_and_no_other(scene: Scene, browser: Browser, role: str) -> None:
    browser.sign_in(scene.operator("Kim", role))
    opened = {page for page in ALL if browser.get(page).status_code == 200}
    assert opened == PAGES[role]
    assert all(browser.get(page).status_code == 403 for page in set(ALL) - opened)


def test_who_is_only_admin_reads_no_report_text_anywhere(scene: Scene, browser: Browser) -> None:
    scene.sms("The boxes of ward nine were open", "+254711000999")
    browser.sign_in(scene.operator("Kim", "admin", "auditor"))
    for page in (*ALL, "/", "/me", "/desk/reports/1", "/desk/reports/1/thread", "/desk/rows?ids=1", "/api/v1/events"):
        answer = browser.get(page)
        assert "ward nine" not in answer.text, page


def test_every_page_that_is_not_public_asks_for_a_sign_in(app: Flask, browser: Browser) -> None:
    for route in app.url_map.iter_rules():
        if route.endpoint in PUBLIC_ENDPOINTS | {"static"} or "GET" not in (route.methods or ()):
            continue
        path = re.sub("<[^>]+>", "1", route.rule)
        answer = browser.get(path)
        assert answer.status_code in (302, 401), (path, answer.status_code)


def test_a_view_without_roles_is_for_nobody(app: Flask, scene: Scene, browser: Browser) -> None:
    app.view_functions["floor.floor"] = lambda: "open to all"
    browser.sign_in(scene.operator("Zawadi", "coordinator"))
    assert browser.get("/floor").status_code == 403


def test_taking_a_role_away_acts_on_the_next_request(scene: Scene, browser: Browser) -> None:
    zawadi = scene.operator("Zawadi", "coordinator")
    browser.sign_in(zawadi)
    assert browser.get("/floor").status_code == 200
    scene.do(lambda: setattr(zawadi, "roles", frozenset({"operator"})))
    assert browser.get("/floor").status_code == 403


def test_machines_learn_whether_the_desk_is_alive_and_ready(scene: Scene, browser: Browser) -> None:
    scene.sms("No ink")
    assert browser.get("/healthz").text == "ok\n"
    ready = browser.get("/readyz").get_json()
    assert ready["status"] == "ready"
    assert ready["pending"] == 0


@pytest.mark.parametrize("settings, told, seen", [
    ({}, "203.0.113.7", "127.0.0.1"),
    ({"proxies": 1}, "203.0.113.7", "203.0.113.7"),
    ({"proxies": 1}, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
], indirect=["settings"])
def test_only_our_own_proxies_say_where_a_visitor_comes_from(app: Flask, told: str, seen: str) -> None:
    asked: list[str | None] = []
    app.before_request(lambda: asked.append(request.remote_addr))
    app.test_client().get("/login", headers={"X-Forwarded-For": told})
    assert asked == [seen]
