"""What stands where, under which name, and how long it may be (house.md, section 8)."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator

from tests.house.source import Function, Source, attributes, calls, functions, imports, rule

READERS = ("triage.queries", "triage.workers", "triage.web", "triage.api", "triage.cli")

# The only module in which a call of that name may stand.
RESERVED_CALLS = {
    "commit": "triage.db",
    "rollback": "triage.db",
    "emit": "triage.web.live",
    "enqueue": "triage.workers.doorbell",
    "enqueue_at": "triage.workers.doorbell",
    "enqueue_in": "triage.workers.doorbell",
    "enqueue_call": "triage.workers.doorbell",
    "enqueue_many": "triage.workers.doorbell",
}
CLOCKS = ("triage.clock", "channels.simulator")  # the simulator is another provider, with its own time
STOPWATCHES = (*CLOCKS, "triage.workers", "channels")  # may measure how long something took
VAGUE_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "core",
    "manager",
    "service",
    "services",
}
ROUTE_DECORATORS = {"route", "get", "post", "put", "patch", "delete"}
MAX_FUNCTION, MAX_MEDIAN, MAX_VIEW, MAX_JOB = 40, 9, 15, 6
MAX_FILE, MAX_TEST_FILE = 300, 400


def length(function: Function) -> int:
    """Lines from `def` to the end, without the docstring: saying more of what is promised costs nothing."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= (function.body[0].end_lineno or 0) - function.body[0].lineno + 1
    return lines


def is_view(function: Function) -> bool:
    """Whether a decorator such as `@blueprint.post(...)` makes it a view."""
    called = (deco.func for deco in function.decorator_list if isinstance(deco, ast.Call))
    return any(isinstance(func, ast.Attribute) and func.attr in ROUTE_DECORATORS for func in called)


@rule
def reserved_calls(source: Source) -> list[str]:
    """2. One module commits, one emits, one rings RQ."""
    return [
        source.at(node, f".{name}( stands only in {RESERVED_CALLS[name]}")
        for node, _, name in calls(source.tree)
        if RESERVED_CALLS.get(name, source.module) != source.module
    ]


@rule
def clock_reads(source: Source) -> list[str]:
    """2. Only the clock reads the time; the database's own is a clock too. Durations may be measured."""
    reads = {(base, name) for base in ("datetime", "date", "func") for name in ("now", "utcnow", "today")}
    reads |= {("time", "time"), ("time", "time_ns"), ("func", "current_timestamp")}
    if not source.inside(*STOPWATCHES):
        reads |= {("time", "monotonic"), ("time", "perf_counter")}
    if source.inside(*CLOCKS):
        return []
    named = [(node, tuple(ast.unparse(node).split(".")[-2:])) for node in attributes(source.tree)]
    named += [(node, tuple(name.split("."))) for node, name in imports(source)]
    return [source.at(node, f"{'.'.join(name)} reads the clock") for node, name in named if name in reads]


@rule
def writes_in_actions(source: Source) -> list[str]:
    """Readers and doors never build an INSERT, UPDATE or DELETE."""
    barred = {f"sqlalchemy.{verb}" for verb in ("insert", "update", "delete")}
    if not source.inside(*READERS):
        return []
    return [
        source.at(node, f"{name} belongs to triage/actions")
        for node, name in imports(source)
        if name in barred
    ]


@rule
def vague_names(source: Source) -> list[str]:
    """3. A module is named for what it holds."""
    return [
        source.at(source.tree, f"{part} says nothing")
        for part in source.module.split(".")
        if part in VAGUE_NAMES
    ]


@rule
def short_functions(source: Source) -> list[str]:
    """4. No function over 40 lines."""
    return [
        source.at(each, f"{each.name} has {length(each)} lines, at most {MAX_FUNCTION}")
        for each in functions(source.tree)
        if length(each) > MAX_FUNCTION
    ]


@rule
def short_files(source: Source) -> list[str]:
    """4. No file over 300 lines, no test file over 400."""
    most = MAX_TEST_FILE if source.inside("tests") else MAX_FILE
    lines = len(source.text.splitlines())
    return [source.at(source.tree, f"{lines} lines, at most {most}")] if lines > most else []


@rule
def thin_doors(source: Source) -> list[str]:
    """4. A view has at most 15 lines, an RQ job 6."""
    views = [
        (each, MAX_VIEW)
        for each in functions(source.tree)
        if source.inside("triage.web", "triage.api") and is_view(each)
    ]
    jobs = [(each, MAX_JOB) for each in functions(source.tree) if source.module == "triage.workers.jobs"]
    return [
        source.at(each, f"{each.name} has {length(each)} lines, at most {most}")
        for each, most in views + jobs
        if length(each) > most
    ]


def promises(tree: ast.Module) -> Iterator[Function]:
    """Public functions, and public methods of classes that inherit no promise from another."""
    yield from (node for node in tree.body if isinstance(node, Function) and not node.name.startswith("_"))
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        if not owner.name.startswith("_") and all(ast.unparse(base) == "Protocol" for base in owner.bases):
            yield from (
                node for node in owner.body if isinstance(node, Function) and not node.name.startswith("_")
            )


@rule
def stated_promises(source: Source) -> list[str]:
    """5. Public functions say what they take, what they give and what they promise."""
    if not source.inside("triage", "channels"):
        return []
    problems = []
    for each in promises(source.tree):
        spread = [arg for arg in (each.args.vararg, each.args.kwarg) if arg]
        taken = [*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs, *spread]
        if each.returns is None or any(
            arg.annotation is None and arg.arg not in {"self", "cls"} for arg in taken
        ):
            problems.append(source.at(each, f"{each.name} is not fully annotated"))
        if not ast.get_docstring(each):
            problems.append(source.at(each, f"{each.name} has no docstring"))
    return problems


def unproven_kinds(source: Source, tests: str) -> list[str]:
    """7. Kinds of event in `source` that `tests` name neither as `Kind.NAME` nor by their value."""
    owner = next(node for node in source.tree.body if isinstance(node, ast.ClassDef) and node.name == "Kind")
    pairs = [
        (ast.unparse(node.targets[0]), ast.unparse(node.value))
        for node in owner.body
        if isinstance(node, ast.Assign)
    ]
    return [
        source.at(owner, f"no test produces Kind.{name}")
        for name, value in pairs
        if not re.search(rf"\bKind\.{name}\b", tests) and value not in tests.replace('"', "'")
    ]


def median_length(files: list[Source]) -> float:
    """4. Lines of the middle function of all."""
    return statistics.median(length(each) for source in files for each in functions(source.tree))
