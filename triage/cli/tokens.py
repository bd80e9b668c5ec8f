"""API tokens from the command line: make one, list them, end one."""

from __future__ import annotations

import click

from triage.actions import tokens
from triage.cli import console, people
from triage.db import run_in_transaction
from triage.models.tokens import SCOPES
from triage.queries import tokens as known


@click.command("token")
@click.argument("email")
@click.option("--name", default="program", show_default=True, help="What it is for; their own page shows it.")
@click.option("--days", default=tokens.USUAL_DAYS, show_default=True,
              help=f"How long it works, 1 to {tokens.MOST_DAYS}.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Repeat for several. Default: both.")
@console.telling
def token(email: str, name: str, days: int, scopes: tuple[str, ...]) -> None:
    """Make a token by which a program uses the API as this person, and print it once.

    It may read and write what the person may. It ends when its days are over, when the person's
    password is set anew or the person is switched off, or by `tokens --revoke`.
    """
    operator_id = people.by_address(email).id
    click.echo(run_in_transaction(lambda: tokens.make(operator_id, name, days=days, scopes=scopes or SCOPES)))
    click.echo(f"For {days} days. It is shown this once; keep it as you keep a password.", err=True)


@click.command("tokens")
@click.option("--revoke", type=int, metavar="NUMBER", help="End this token.")
@console.telling
def token_list(revoke: int | None) -> None:
    """List every living API token (number, whose, name, scopes, last day, last use), or end one."""
    if revoke is not None:
        if not run_in_transaction(lambda: tokens.end(revoke)):
            raise click.ClickException(f"There is no living token {revoke}.")
        click.echo(f"Token {revoke} has ended.")
        return
    for one, operator in known.everybodys():
        used = one.last_used_at.strftime("%Y-%m-%d %H:%M UTC") if one.last_used_at else "never used"
        click.echo(f"{one.id}\t{operator.email}\t{one.name}\t{'+'.join(sorted(one.scopes))}\t"
                   f"until {one.expires_at:%Y-%m-%d}\t{used}")
