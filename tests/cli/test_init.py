"""`flask triage init`: a real desk begins where nothing is configured, and never over another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

import config
from triage.cli import envfile

ANSWERS = {
    "--desk-name": "Harbour's \"own\" desk", "--languages": "en,sw", "--region": "ke",
    "--public-url": "https://desk.example.org/", "--email": "Ada@Example.org", "--name": "Ada Lovelace",
}
PASSWORD = "correct horse battery staple"


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """An environment without any setting of a desk, but for where the database shall be."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "DATABASE_URL": f"sqlite:///{tmp_path / 'desk.db'}", "FLASK_SKIP_DOTENV": "1",
            "FLASK_APP": "triage.app:for_commands"}


def flask(bare: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """`flask triage …` as a person runs it."""
    return subprocess.run([sys.executable, "-m", "flask", "triage", *arguments], cwd=config.ROOT, env=bare,
                          input=typed, capture_output=True, text=True, timeout=60)


def init(bare: dict[str, str], folder: Path, *more: str, typed: str = PASSWORD,
         **changed: str) -> subprocess.CompletedProcess[str]:
    """Begin a desk whose settings go into `folder`."""
    answers = {**ANSWERS, **{f"--{name.replace('_', '-')}": value for name, value in changed.items()}}
    given = [word for pair in answers.items() for word in pair]
    return flask(bare, "init", *given, "--file", str(folder / ".env"), *(more or ("--password-stdin",)), typed=typed)


def test_without_settings_every_command_but_init_says_what_is_missing(bare: dict[str, str]) -> None:
    bare["SECRET_KEY"] = "short"
    said = flask(bare, "doctor")
    assert said.returncode == 1
    assert said.stderr.strip() == (
        "Error: SECRET_KEY must be at least 32 characters; `flask triage init` writes one for you.")
    assert flask(bare, "--help").returncode == 0


@pytest.mark.skipif((config.ROOT / ".env").exists(), reason="this checkout has a desk of its own")
def test_commands_find_the_practice_desk_that_make_run_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SECRET_KEY", "TRIAGE_KEYS", "DATABASE_URL", "DEMO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(config, "INSTANCE", tmp_path)
    with pytest.raises(config.ConfigError):
        config.load_for_commands()
    keys = envfile.new_keys()
    (tmp_path / "demo.env").write_text("".join(f"{name}={value}\n" for name, value in keys.items()))
    found = config.load_for_commands()
    assert found.demo
    assert found.secret_key == keys["SECRET_KEY"]
    with pytest.raises(config.ConfigError):
        config.load()


def test_init_writes_keys_only_the_owner_reads_and_a_first_person(bare: dict[str, str], tmp_path: Path) -> None:
    said = init(bare, tmp_path)
    assert said.returncode == 0, said.stderr
    written = dotenv_values(tmp_path / ".env")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "desk.db").stat().st_mode & 0o777 == 0o600
    assert written["DESK_NAME"] == ANSWERS["--desk-name"]
    settings = config.load({name: value or "" for name, value in written.items()})
    assert settings.public_url == "https://desk.example.org"
    assert settings.default_region == "KE"
    for told in ("lost for ever", "https://desk.example.org/report", "people: 1 active, 1 of them admin"):
        assert told in said.stdout
    assert PASSWORD not in said.stdout + said.stderr
    assert written["SECRET_KEY"] not in said.stdout + said.stderr


def test_init_with_an_invitation_prints_a_link(bare: dict[str, str], tmp_path: Path) -> None:
    said = init(bare, tmp_path, "--invite")
    assert said.returncode == 0, said.stderr
    assert "https://desk.example.org/invite/" in said.stdout


def test_init_never_writes_over_keys(bare: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=of somebody\n")
    said = init(bare, tmp_path)
    assert said.returncode == 1
    assert "holds the keys of a desk already" in said.stderr
    assert (tmp_path / ".env").read_text() == "SECRET_KEY=of somebody\n"


def test_init_keeps_what_else_stands_in_the_file(bare: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("UNDO_SECONDS=3\n")
    assert init(bare, tmp_path).returncode == 0
    assert (tmp_path / ".env").read_text().startswith("UNDO_SECONDS=3\nSECRET_KEY=")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_init_refuses_a_database_with_people(bare: dict[str, str], tmp_path: Path) -> None:
    assert init(bare, tmp_path).returncode == 0
    other = tmp_path / "other"
    other.mkdir()
    said = init(bare, other)
    assert said.returncode == 1
    assert "holds a desk with people already" in said.stderr
    assert not (other / ".env").exists()


@pytest.mark.parametrize("changed, sentence", [
    ({"languages": "en;es"}, "DESK_LANGUAGES must be language codes"),
    ({"region": "Kenya"}, "DEFAULT_REGION must be a two-letter country code"),
    ({"public_url": "desk.example.org"}, "PUBLIC_URL must start with http"),
    ({"typed": "short"}, "at least 15 characters"),
    ({"typed": ""}, "Nothing came by standard input"),
    ({"desk_name": "a ${b}"}, "cannot stand in a settings file"),
])
def test_a_wrong_answer_is_one_sentence_and_writes_nothing(
    bare: dict[str, str], tmp_path: Path, changed: dict[str, str], sentence: str,
) -> None:
    said = init(bare, tmp_path, **changed)
    assert said.returncode != 0
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / ".env").exists()
