"""A citizen's browser without script: it fills in the desk's own form over HTTP, page by page."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import requests

from triage import clock
from triage.demo.rows import Row

PATIENCE_SECONDS = 3.2  # nobody fills in the form faster; the desk is slow to believe who does
RETRY_SECONDS = (0.0, 0.5, 2.0, 8.0)  # before each try
MOST_PLACE = 200


class Lost(Exception):
    """The form did not lead where it should; `str()` says at which step."""


class Browser:
    """One person at `address` (such as http://127.0.0.1:8000)."""

    def __init__(self, address: str) -> None:
        """Open nothing yet."""
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept-Language"] = "en"

    def report(self, row: Row) -> str:
        """Walk through the whole form and send it; the receipt code. Raises Lost."""
        page = self._page("GET", "/report", {})
        began = clock.now()
        for step, answers in self._steps(row):
            if step == "check":
                time.sleep(max(PATIENCE_SECONDS - (clock.now() - began).total_seconds(), 0))
            page = self._page("POST", "/report", {**page.hidden, **answers, "step": step})
        if page.code is None:
            raise Lost("the form gave no receipt code")
        return page.code

    def add(self, code: str, text: str) -> None:
        """Come back with a code and add `text`. Raises Lost."""
        page = self._page("GET", "/back", {})
        page = self._page("POST", "/back", {**page.hidden, "code": code})
        self._page("POST", "/back", {**page.hidden, "do": "answer", "text": text})

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _steps(self, row: Row) -> list[tuple[str, dict[str, str]]]:
        return [
            ("start", {}), ("what", {"text": row.text}),
            ("where", {"place": row.place[:MOST_PLACE], "when": "unknown"}),
            ("danger", {"danger": "unsure"}), ("contact", {"contact": "no"}), ("check", {}),
        ]

    def _page(self, method: str, path: str, fields: dict[str, str]) -> _Page:
        trouble = ""
        for pause in RETRY_SECONDS:
            time.sleep(pause)
            try:
                answer = self._session.request(method, self._address + path, data=fields, timeout=60)
            except requests.RequestException as problem:
                trouble = type(problem).__name__
                continue
            if answer.ok:
                return _Page(answer.text)
            trouble = str(answer.status_code)
        raise Lost(f"{method} {path} {fields.get('step', '')}: {trouble}")


class _Page(HTMLParser):
    """What the browser needs of a page: its hidden fields, and the receipt code where it shows one."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.code: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.code = given.get("data-code", self.code)
        if tag == "input" and given.get("type") == "hidden":
            self.hidden.setdefault(given["name"], given.get("value", ""))
