"""Logs: one line a happening, of fields that are on a list. What is on no list is dropped, whoever says it.

Citizens' words, addresses, names, codes and tokens must never stand in a log, and most lines are written by
libraries that know nothing of that. So nothing is looked for and taken out; only what is known to be harmless
goes in:

- the sentence, if it stands as a literal in the code that says it; what was formatted into it is dropped,
  small whole numbers excepted (they are ids);
- fields of `NUMBERS` with a number, fields of `WORDS` with a word of our code;
- of an exception the types, files, lines and functions, never its message: "Key (address)=(…) already exists".

Lines go to standard error, as JSON or, on a terminal, plain.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

NUMBERS = frozenset({
    "account_id", "actor_id", "assignment_id", "attempt_id", "count", "delivery_id", "duration_ms", "item_id", "line",
    "message_id", "operator_id", "pid", "report_id", "seconds", "seq", "status", "tries",
})
WORDS = frozenset({
    "channel", "endpoint", "kind", "logger", "method", "outcome", "part", "problem", "provider", "request_id", "state",
})
WORD = re.compile(r"[A-Za-z_][A-Za-z_.:<>-]*\d{0,4}[A-Za-z_.:<>-]*")
REQUEST_ID = re.compile(r"[0-9a-f]{16}")
SQLSTATE = re.compile(r"[0-9A-Z]{5}")
MOST_WORD, MOST_NUMBER, MOST_FRAMES, MOST_CAUSES, MOST_DEPTH = 80, 10_000_000, 30, 5, 12
PLACE = re.compile(r"%%|%(?:\(\w+\))?[#0\- +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[a-zA-Z]")
UNSAID = "…"  # something stood here
OWN = "(a sentence made at the time)"
ROOT = Path(__file__).resolve().parents[1]
QUIET = ("sqlalchemy", "urllib3")  # would write every statement and every address asked; errors still come

Fields = dict[str, Any]
ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


def _to_record(_logger: object, _method: str, said: MutableMapping[str, Any]) -> Fields:
    """Hand a line of ours to the standard library, its fields in one attribute of the record."""
    told = {name: said.pop(name) for name in ("exc_info", "stack_info", "stacklevel") if name in said}
    return {**told, "msg": said.pop("event", ""), "extra": {"said": said}}


structlog.configure(
    processors=[structlog.contextvars.merge_contextvars, _to_record],
    logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """What modules of ours log with: `log.warning("sweep.failed", part="leases")`."""
    made: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return made


def configure(level: str, form: str) -> None:
    """Send everything this process logs to standard error, filtered; `form` is json, plain or auto."""
    handler = logging.StreamHandler(sys.stderr)
    plain = form == "plain" or (form == "auto" and sys.stderr.isatty())
    handler.setFormatter(Plain() if plain else Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that cannot be written is lost, and does not print its arguments
    sys.excepthook = _last_words
    threading.excepthook = lambda ended: _last_words(ended.exc_type, ended.exc_value, ended.exc_traceback)
    sys.unraisablehook = lambda found: _last_words(found.exc_type, found.exc_value, found.exc_traceback)


def _last_words(kind: type[BaseException], problem: BaseException | None, trace: TracebackType | None) -> None:
    """What Python itself would print with its message."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger(__name__).critical("uncaught", exc_info=(kind, problem or kind(), trace))


def new_request() -> str:
    """The id of the request that begins now, by us: what a client calls it is a claim. All its lines carry it."""
    made = secrets.token_hex(8)
    no_request()
    structlog.contextvars.bind_contextvars(request_id=made)
    return made


def no_request() -> None:
    """What is said from now on belongs to no request."""
    structlog.contextvars.clear_contextvars()


def acting(operator_id: int) -> None:
    """Lines of this request are about what this person does."""
    structlog.contextvars.bind_contextvars(actor_id=operator_id)


# ---------------------------------------------------------------- what may be said


def fields(record: logging.LogRecord) -> Fields:
    """The fields of one line: what `record` holds and is on the lists."""
    said: Fields = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(), "event": sentence(record), "logger": word(record.name) or UNSAID,
    }
    given = {**structlog.contextvars.get_contextvars(), **getattr(record, "said", {})}
    said |= {name: value for name, value in given.items() if name not in said and allowed(name, value)}
    if record.exc_info and record.exc_info[1] is not None:
        said["exceptions"] = list(_told(record.exc_info[1]))
    return said


def allowed(name: str, value: object) -> bool:
    """Whether a field may be written: its name is on a list and its value is what that list is for."""
    if name == "request_id":
        return isinstance(value, str) and REQUEST_ID.fullmatch(value) is not None
    if name in NUMBERS:
        return isinstance(value, int | float) and abs(value) < MOST_NUMBER
    return name in WORDS and isinstance(value, str) and word(value) is not None


def word(text: str) -> str | None:
    """`text` where it looks like a word of code, with no number worth the name in it; else None."""
    return text if len(text) <= MOST_WORD and WORD.fullmatch(text) else None


_literals: set[str] = set()


def sentence(record: logging.LogRecord) -> str:
    """What is said, with small whole numbers filled in and everything else left out."""
    template = record.msg
    if not isinstance(template, str) or not _literal(template):
        return OWN
    values = iter(record.args if isinstance(record.args, tuple) else ())
    return PLACE.sub(lambda found: "%" if found[0] == "%%" else _number(next(values, None)), template)


def _number(value: object) -> str:
    small = isinstance(value, int) and not isinstance(value, bool) and abs(value) < MOST_NUMBER
    return str(value) if small else UNSAID


def _literal(template: str) -> bool:
    """Whether some function that is running now has `template` among its constants: then no data is in it."""
    if template in _literals:
        return True
    frame = sys._getframe(1)
    for _ in range(MOST_DEPTH * 2):
        if template in frame.f_code.co_consts:
            _literals.add(template)
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def _told(problem: BaseException | None) -> Iterator[Fields]:
    """An exception and what led to it, outermost first: types and places."""
    for _ in range(MOST_CAUSES):
        if problem is None:
            return
        kind = type(problem)
        told: Fields = {"type": f"{kind.__module__}.{kind.__qualname__}", "at": list(_places(problem.__traceback__))}
        state = getattr(getattr(problem, "orig", None) or problem, "sqlstate", None)
        if isinstance(state, str) and SQLSTATE.fullmatch(state):
            told["code"] = state
        yield told
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _places(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{_short(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-MOST_FRAMES:]


def _short(file: str) -> str:
    """A file's name from the project or the library on."""
    inside = file.rpartition("site-packages/")[2]
    return inside.removeprefix(f"{ROOT}/")


# ---------------------------------------------------------------- how it is written


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of `record`."""
        return json.dumps(fields(record), ensure_ascii=True)


class Plain(logging.Formatter):
    """For eyes: time, level, sentence, fields; an exception's places below."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of `record`."""
        said = fields(record)
        exceptions = said.pop("exceptions", ())
        head = f"{said.pop('time')} {said.pop('level'):8} {said.pop('event')}"
        rest = " ".join(f"{name}={value}" for name, value in said.items())
        return "\n".join([f"{head}  {rest}", *(line for one in exceptions for line in _lines(one))])


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"    {told['type']} {told.get('code', '')}".rstrip()
    yield from (f"        {place}" for place in told["at"])
