"""The parent's side of the limited child: hand it a file, and believe only what it says in time and in shape."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

import config
from triage import logs
from triage.cleaning.child import SECONDS

log = logs.logger(__name__)

COMMAND = (sys.executable, "-s", "-E", "-m", "triage.cleaning.child")
KINDS = ("image", "audio", "video", "document", "other")
# kind: nothing that we keep. points: more than we draw. broken: not what it seems. heavy: took too much or too long.
Refusal = Literal["kind", "points", "broken", "heavy"]


@dataclass(frozen=True)
class Looked:
    """What a file is. `clean` is its copy without what tells who made it; None for kinds of which we make none."""

    kind: str
    content_type: str
    ending: str
    refused: Refusal | None = None
    clean: bytes | None = None
    clean_type: str | None = None


HEAVY = Looked("other", "", "", "heavy")


def look(content: bytes) -> Looked:
    """What `content` is, and its clean copy. Takes seconds at most, and never raises for what the content is."""
    try:
        done = _done(content)
    except subprocess.TimeoutExpired:
        return HEAVY
    if done.returncode != 0:
        log.warning("file.too_heavy", status=done.returncode, size=len(content))
        return HEAVY
    head, _, copy = done.stdout.partition(b"\n")
    return _read(json.loads(head), copy)


def _done(content: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own module; nothing from outside is in the command
        COMMAND, input=content, capture_output=True, timeout=SECONDS + 5, cwd=config.ROOT, env={}, check=False)


def _read(said: dict[str, str], copy: bytes) -> Looked:
    kind = said["kind"] if said["kind"] in KINDS else "other"
    refused = said.get("refused")
    whole = refused is None and bool(copy)
    return Looked(kind, said["type"], said["ending"], refused,  # type: ignore[arg-type]  # our own child's words
                  copy if whole else None, said.get("clean") if whole else None)
