"""Accounts of the desk, from the command line."""

from __future__ import annotations

import click

from triage import context
from triage.actions import accounts
from triage.cli import console, people
from triage.db import run_in_transaction


@click.command("add-account")
@click.argument("channel")
@click.argument("address")
@click.option("--provider", help="Who carries it. Default: the channel's first.")
@click.option("--operator", "email", help="Whose own (secondary) account it is. Without: shared by the desk.")
@click.option("--receive/--no-receive", default=True, help="Whether messages to it come to the desk. Default: yes.")
@click.option("--send/--no-send", default=None, help="Whether answers leave from it. Default: only with --operator.")
@click.option("--label", default="", help="The name citizens see, where the channel shows one.")
@click.option("--secret-stdin", is_flag=True, help="Take the provider's key from standard input; it is stored sealed.")
@console.telling
def add_account(  # noqa: PLR0913 - one parameter an option
    channel: str, address: str, *, provider: str | None, email: str | None, receive: bool, send: bool | None,
    label: str, secret_stdin: bool,
) -> None:
    """Add one of our identities: a number, an address, a handle.

    CHANNEL is a word such as sms or mastodon; ADDRESS is ours, such as +254700000100 or @desk.
    """
    owner = people.by_address(email).id if email else None
    secret = console.first_line() if secret_stdin else ""
    added = run_in_transaction(lambda: accounts.add_account(
        channel, address, provider=provider, operator_id=owner, can_receive=receive, can_send=send,
        label=label, secret=secret,
    ))
    does = " and ".join(word for word, on in (("receives", added.can_receive), ("sends", added.can_send)) if on)
    whose = f"{email}'s own" if email else "shared"
    click.echo(f"{added.address} ({added.channel} at {added.provider}), {whose}, {does}.")
    if added.provider == "simulator" and not context.settings().demo:
        click.echo("The simulator is made up: nothing leaves this machine, nobody outside can write to it.", err=True)
