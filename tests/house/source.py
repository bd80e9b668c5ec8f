"""Python files as the rules of the house read them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its dotted name and its text."""

    module: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text)

    def at(self, node: ast.AST, sentence: str) -> str:
        """A problem with the place where it was found."""
        return f"{self.module}:{getattr(node, 'lineno', 1)}: {sentence}"

    def inside(self, *packages: str) -> bool:
        """Whether this file is one of `packages` or below one."""
        return any(self.module == name or self.module.startswith(f"{name}.") for name in packages)


Rule = Callable[[Source], list[str]]
RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    """Mark a rule, so that `test_every_rule_bites` asks for its planted violation."""
    RULES.append(check)
    return check


def dotted(path: Path) -> str:
    """`triage/web/__init__.py` -> `triage.web`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(*places: str) -> list[Source]:
    """Every Python file of the named files and folders."""
    paths = [
        path
        for place in places
        for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    return [Source(dotted(path), path.read_text("utf-8")) for path in sorted(paths) if path.exists()]


def imports(source: Source, within: ast.AST | None = None) -> Iterator[tuple[ast.stmt, str]]:
    """Each imported name in full: `from triage import db` is `triage.db`."""
    for node in ast.walk(within or source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = source.module.split(".")[: -node.level] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            yield from ((node, f"{base}.{alias.name}") for alias in node.names)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def attributes(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Every `a.b`, called or not."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Each call with the last two names of what is called: `db.session.commit()` is `session`, `commit`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name, _, last = ast.unparse(node.func).rpartition(".")
            yield node, name.rpartition(".")[2], last
