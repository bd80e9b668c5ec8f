"""What every application compiles anew, compiled once for a process: pages, addresses and statements.

A desk compiles these once in its life; a test run makes two thousand desks, and more than half of its time went into
doing it again. Shared is only what follows from the source alone: no rows, no settings, no connections. An application,
its database, its engine and everything it remembers are new for each test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule


class Pages(BytecodeCache):
    """The code of templates, kept in memory; Jinja asks for it by the template's name and the hash of its source."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is kept; nothing, where the source is another."""
        if bucket.key + bucket.checksum in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key + bucket.checksum])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


def share() -> None:
    """From now on, for all applications of this process."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Pages()}
    Rule._compile_builder = _once(Rule._compile_builder)
    DefaultDialect.__eq__ = _alike
    DefaultDialect.__hash__ = lambda self: hash(type(self))
    statements: dict[Any, Any] = {}
    event.listen(Engine, "engine_connect",
                 lambda connection: _keep_statements_in(statements, connection))


def _once(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """The function that builds an address follows from the rule's parts and defaults; it finds its rule in `self`."""
    built: dict[Any, Any] = {}

    def compiled(self: Rule, append_unknown: bool = True) -> Any:
        key = (self.rule, tuple(self._trace), repr(self.defaults), append_unknown)
        if key not in built:
            built[key] = compile_builder(self, append_unknown)
        return built[key]

    return compiled


def _alike(one: DefaultDialect, other: object) -> bool:
    """SQLAlchemy keeps statements by dialect: those of two engines are one if kind and version of the server are."""
    return type(one) is type(other) and one.server_version_info == other.server_version_info


def _keep_statements_in(statements: dict[Any, Any], connection: Connection) -> None:
    connection.execution_options(compiled_cache=statements)
