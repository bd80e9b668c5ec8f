"""`flask triage …`: everything that is done to a desk from a terminal."""

from __future__ import annotations

import click
from flask import Flask, abort
from flask.cli import AppGroup, ScriptInfo, with_appcontext

import config
from triage.cli import accounts, backup, demo, doctor, imports, matching, people, poll, start, sweep, tokens, worker

UNREADY = "CONFIG_PROBLEM"
WITHOUT_SETTINGS = ("init", "match-eval")  # what concerns no desk that is there


@click.group(cls=AppGroup)
@click.pass_context
def triage(ctx: click.Context) -> None:
    """The desk from a terminal. A real desk begins with `flask triage init`; `make run` starts it."""
    problem = ctx.ensure_object(ScriptInfo).load_app().config.get(UNREADY)
    if problem and ctx.invoked_subcommand not in WITHOUT_SETTINGS:
        raise click.ClickException(problem)


for command in (
    start.init, people.add_operator, people.add_operators, people.reset_password, accounts.add_account,
    accounts.list_accounts, accounts.set_rule, accounts.set_price, accounts.test_account,
    tokens.token, tokens.token_list, doctor.doctor, sweep.sweep, poll.poll, worker.worker,
    backup.backup, backup.restore_, backup.backup_key, demo.demo_desk, demo.demo,
    matching.match_eval,
):
    command.callback = with_appcontext(command.callback)  # type: ignore[type-var]  # click says Optional
    triage.add_command(command)
imports.import_places.callback = with_appcontext(imports.import_places.callback)  # type: ignore[type-var]  # the same
triage.add_command(imports.import_)


def without_settings(problem: config.ConfigError) -> Flask:
    """An application that cannot serve anything: it only carries the commands, so that `init` can be run."""
    app = Flask("triage", static_folder=None)
    app.config[UNREADY] = str(problem)
    app.cli.add_command(triage)
    app.before_request(lambda: abort(503, str(problem)))
    return app
