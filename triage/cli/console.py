"""How commands speak: one sentence for what went wrong, secrets that are never on a command line."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

import config
from triage import context, passwords
from triage.db import run_in_transaction
from triage.errors import TriageError

P = ParamSpec("P")
R = TypeVar("R")


def telling(command: Callable[P, R]) -> Callable[P, R]:
    """Show a refusal of the desk as one sentence and leave with status 1."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (TriageError, config.ConfigError) as problem:
            raise click.ClickException(str(problem)) from problem

    return told


def write(act: Callable[[], R]) -> R:
    """Run an action in its transaction; a refusal of the desk ends the command with its sentence."""
    return telling(run_in_transaction)(act)


def first_line() -> str:
    """A secret from standard input: its first line, without the line's end. Refused where nothing comes."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.ClickException("Nothing came by standard input; the first line was expected there.")
    return line


def hash_of(password: str, *own_words: str) -> str:
    """The hash of a password that may be used by a person whose names and addresses are `own_words`."""
    telling(passwords.check)(password, *own_words)
    return passwords.hashed(password, context.settings().password_cost)


def keep_private(path: Path, text: str) -> None:
    """Write a new file only its owner can read. Refuses to overwrite."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise click.ClickException(f"{path} cannot be written: {problem.strerror}.") from problem
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
