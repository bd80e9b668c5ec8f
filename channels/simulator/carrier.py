"""The network: hands what is due to the desk's webhooks and does not rest until it hears yes."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import requests

from channels import http
from channels.simulator.records import Handover, Hook
from channels.simulator.signing import HEADER, sign
from channels.simulator.store import Store

FIRST_PAUSE = 1.0
HOOK_PATH = "/hooks/simulator"


class Carrier:
    """One carrier for one thread; several may work on one file at the same time and share what is due."""

    def __init__(self, path: str | os.PathLike[str], secret: str, *, pause: float = FIRST_PAUSE) -> None:
        """`secret` signs every webhook; `pause` is the wait after the first no, doubled with each further one."""
        self._store, self._secret, self._pause = Store(path), secret, pause
        self._session = http.session(connect=3.0, read=30.0)
        self._session.trust_env = False  # the desk is next door: no proxy between

    def deliver_due(self, hook_url: str, *, limit: int = 50) -> Handover:
        """Hand over up to `limit` messages and statuses that are due, in order; how many the desk took.

        `hook_url` is the desk (`http://127.0.0.1:8000`) or where its hooks stand (`…/hooks/simulator`): the
        channel's word is added to it.
        """
        hooks = self._store.lease(limit)
        taken = sum(self._hand_over(hook, hook_url) for hook in hooks)
        return Handover(tried=len(hooks), taken=taken)

    def close(self) -> None:
        """Let go of the connections to the desk."""
        self._session.close()

    def _hand_over(self, hook: Hook, hook_url: str) -> bool:
        status, problem = self._post(address(hook_url, hook.channel), hook.body)
        return self._store.note_try(hook, status, problem, pause=self._pause)

    def _post(self, url: str, body: bytes) -> tuple[int | None, str | None]:
        headers = {"Content-Type": "application/json", HEADER: sign(self._secret, url, body)}
        try:
            response = self._session.post(url, data=body, headers=headers, allow_redirects=False)
        except requests.RequestException as problem:
            return None, type(problem).__name__
        return response.status_code, None


def address(hook_url: str, channel: str) -> str:
    """Where the webhooks of `channel` go."""
    base = hook_url.rstrip("/")
    return f"{base}{'' if urlsplit(base).path else HOOK_PATH}/{channel}"
