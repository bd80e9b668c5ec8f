"""The fake as a test holds it in its hand."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import requests

from tests.fakes.twilio.ledger import Ledger
from tests.fakes.twilio.scripts import Behaviour, Script
from tests.servers import free_port

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
ACCOUNT, TOKEN = "AC" + "0a" * 16, "1b" * 16


class Twilio:
    """A fake Twilio in a process of its own, with one account; killed, it may be started again on its port and file.

    What cannot be obeyed raises AssertionError, with the fake's own sentence.
    """

    def __init__(self, folder: Path, *, account: str = ACCOUNT, token: str = TOKEN) -> None:
        """Nothing runs yet."""
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.account, self.token = account, token
        self._path, self._log = folder / "twilio.sqlite3", folder / "twilio.log"
        self.ledger = Ledger(self._path)
        self._process: subprocess.Popen[bytes] | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    # ------------------------------------------------------------ its life

    def start(self) -> Twilio:
        """Start, and wait until this very process answers."""
        with self._log.open("ab") as log:
            self._process = self._begun(log)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if self.order("ready")["pid"] == self._process.pid:
                    self.new_token(self.token)
                    return self
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError(f"the fake does not answer:\n{self.log()}")

    def _begun(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.fakes.twilio", str(self.port), str(self._path)]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9. The ledger stays."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def hold(self) -> None:
        """Stop answering, without dying: connections are made, and nothing comes."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def log(self) -> str:
        """What it has written: only its own mistakes."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Twilio:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.kill()
        self._session.close()

    # ------------------------------------------------------------ what it is told

    def order(self, name: str, **told: Any) -> dict[str, Any]:
        """One order to the control interface, and what comes of it."""
        answer = self._session.post(f"{self.address}/_control/{name}", json=told, timeout=PATIENCE)
        assert answer.ok, f"{name}: {answer.text}"
        return dict(answer.json())

    def new_token(self, token: str, *, status: str = "active") -> None:
        """From now on only this token is good; with `status` suspended, not even that."""
        self.token = token
        self.order("account", sid=self.account, token=token, status=status)

    def add_number(self, address: str, **hooks: str) -> str:
        """A number (`+…`) or a WhatsApp sender (`whatsapp:+…`); its sid. Known already: it gets these hooks.

        `hooks`: sms_url, sms_fallback_url, voice_url, voice_fallback_url, status_callback.
        """
        return str(self.order("number", address=address, account=self.account, **hooks)["sid"])

    def add_service(self, *numbers: str) -> str:
        """A messaging service that sends from these numbers; its sid."""
        return str(self.order("service", account=self.account, numbers=numbers)["sid"])

    def script(self, behaviour: Behaviour, **how: Any) -> None:
        """Treat requests like this from now on; `how` is what `Script` has."""
        self.order("script", **asdict(Script(behaviour, **how)))

    def works_again(self) -> None:
        """No script counts any more."""
        self.order("works")

    def pace(self, seconds: float) -> None:
        """Each number sends only one message every so many seconds."""
        self.order("pace", sid=self.account, seconds=seconds)

    def leads(self, public: str, truly: str) -> None:
        """Requests to the public address go to `truly`, signed for the public one. To be said again after a start."""
        self.order("leads", public=public, truly=truly)

    def settle(self, seconds: float = 10.0) -> None:
        """Wait until nothing is due any more, but for what is withheld."""
        until = time.monotonic() + seconds
        while self.order("waiting")["steps"]:
            assert time.monotonic() < until, "the fake still has something to do"
            time.sleep(0.02)

    # ------------------------------------------------------------ the citizens

    def write(self, sender: str, to: str, body: str = "", *, media: tuple[tuple[str, bytes], ...] = (),
              **how: Any) -> dict[str, Any]:
        """Somebody writes, with files (content type and bytes); `how` is what `citizens.write` knows.

        The sid, and what the desk answered (`heard`): nothing where it is withheld or nobody waits.
        """
        files = [{"content_type": kind, "content": base64.b64encode(content).decode()} for kind, content in media]
        return self.order("write", **{"from": sender}, to=to, body=body, media=files, **how)

    def release(self, about: str, times: int = 1) -> list[int | None]:
        """Bring what is withheld about a sid, so often at once; what the desk answered."""
        return list(self.order("release", about=about, times=times)["heard"])

    def ring(self, caller: str, to: str, **how: Any) -> dict[str, Any]:
        """Somebody calls: the call's `sid`, and the desk's `twiml`."""
        return self.order("ring", **{"from": caller}, to=to, **how)

    def press(self, call: str, digits: str, **how: Any) -> dict[str, Any]:
        """The caller presses keys where the desk asks for them."""
        return self.order("press", call=call, digits=digits, **how)

    def speak(self, call: str, content: bytes, **how: Any) -> dict[str, Any]:
        """The caller speaks where the desk records: `recording` is its sid. `how` is what `calls.speak` knows."""
        return self.order("speak", call=call, content=base64.b64encode(content).decode(), **how)

    def wait(self, call: str, **how: Any) -> dict[str, Any]:
        """The caller does nothing, and the desk's document goes on to its <Redirect>."""
        return self.order("wait", call=call, **how)

    def hang_up(self, call: str, **how: Any) -> dict[str, Any]:
        """The call ends, with a `status` of Twilio's."""
        return self.order("hang_up", call=call, **how)
