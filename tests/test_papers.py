"""The papers say what there is: every setting, every command, every target that they and the code name."""

from __future__ import annotations

import re

import pytest

import config
from triage.cli import triage

OPERATIONS = (config.ROOT / "docs" / "operations.md").read_text("utf-8")
README = (config.ROOT / "README.md").read_text("utf-8")
PAPERS = sorted([config.ROOT / "README.md", *(config.ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)\)")


def settings() -> set[str]:
    """Every name config.py reads."""
    source = (config.ROOT / "config.py").read_text("utf-8")
    return set(re.findall(r'source(?:\.get\(|, )"([A-Z_]+)"', source)) | set(config.LIMITS)


@pytest.mark.parametrize("name", sorted(settings()))
def test_every_setting_is_in_the_table(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


@pytest.mark.parametrize("name", sorted(config.LIMITS))
def test_the_table_has_the_true_bounds(name: str) -> None:
    default, low, high = config.LIMITS[name]
    assert f"| {default} ({low}–{high}) |" in OPERATIONS


@pytest.mark.parametrize("name", sorted(triage.commands))
def test_every_command_explains_itself_and_is_in_the_papers(name: str) -> None:
    assert triage.commands[name].help
    assert re.search(rf"`{name}[ `]", OPERATIONS)


def test_papers_link_to_what_is_there() -> None:
    broken = [f"{paper.name}: {aim}" for paper in PAPERS for aim in LINK.findall(paper.read_text("utf-8"))
              if "://" not in aim and not (paper.parent / aim).exists()]
    assert broken == []


def test_papers_name_only_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (config.ROOT / "Makefile").read_text("utf-8"), re.M))
    words = "\n".join(paper.read_text("utf-8") for paper in PAPERS)
    named = set(re.findall(r"`(?:PORT=\d+ )?make ([a-z-]+)", words))
    assert named <= targets
    assert {"run", "test"} <= set(re.findall(r"^make ([a-z-]+)", README, re.M))
