"""An operator's browser without script, over real HTTP, that keeps a log of what it was told."""

from __future__ import annotations

import re
from html import unescape

import requests

from tests.visitor import FIELD, PASSWORD, TOKEN

OWN = re.compile(r'/desk/reports/(\d+)')


class Browser:
    """One signed-in person. `log` holds, for everything asked, the status heard, None where the server was gone."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False  # the desk is next door: no proxy between
        self._token = ""
        self.log: list[tuple[str, int | None]] = []

    def get(self, path: str) -> requests.Response | None:
        """Read a page; None where nobody answered."""
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: object) -> requests.Response | None:
        """Send a form, following to the page it leads to; None where nobody answered."""
        return self._ask("POST", path, {"csrf_token": self._token, **{name: str(one) for name, one in fields.items()}})

    def _ask(self, method: str, path: str, form: dict[str, str] | None) -> requests.Response | None:
        try:
            response = self._session.request(method, self._address + path, data=form, timeout=20)
        except requests.RequestException:
            self.log.append((f"{method} {path}", None))
            return None
        self.log.append((f"{method} {path}", (response.history or [response])[0].status_code))
        found = TOKEN.search(response.text)
        self._token = unescape(found.group(1)) if found else self._token
        return response

    def sign_in(self, email: str) -> None:
        """Through the form."""
        self.get("/login")
        answer = self.post("/login", email=email, password=PASSWORD)
        assert answer is not None
        assert answer.ok, answer.text

    def take(self, report: int) -> None:
        """Claim a report, which must succeed."""
        self.get(f"/desk/reports/{report}")
        answer = self.post(f"/desk/reports/{report}/claim")
        assert answer is not None
        assert answer.ok, answer.text

    def take_next(self) -> int | None:
        """Take what is first; the report's number, None where nothing was to be had or nobody answered."""
        self.get("/desk")
        answer = self.post("/desk/next")
        found = OWN.search(answer.url) if answer is not None and answer.ok else None
        return int(found.group(1)) if found else None

    def form(self, report: int) -> dict[str, str] | None:
        """The hidden fields of the reply form, with its key; None where there is none to be had."""
        page = self.get(f"/desk/reports/{report}")
        fields = {name: unescape(value) for name, value in FIELD.findall(page.text)} if page is not None else {}
        wanted = ("assignment", "seen_seq", "key", "public")
        return {name: fields[name] for name in wanted if name in fields} if "key" in fields else None

    def reply(self, report: int, form: dict[str, str], text: str) -> int | None:
        """Send a filled-in reply form; the status heard. The same form may be sent again."""
        self.post(f"/desk/reports/{report}/reply", text=text, confirm="yes", **form)
        return self.log[-1][1]
