"""Accounts of the desk, from the command line: add one, look how they fare, who answers, what it costs, a test."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import click

from triage import connections, context
from triage.actions import accounts, prices, trials
from triage.actions.accounts import Terms
from triage.cli import console, people
from triage.db import run_in_transaction
from triage.models import Account
from triage.models.desk import SENDER_RULES
from triage.queries import accounts as known
from triage.queries.account_shapes import AccountLine, Standing, Trial
from triage.web import money, terms
from triage.workers.deliver import deliver

WHY = {
    "asked": "the provider asks to wait until {until}", "failing": "it was failing, tried again at {until}",
    "no_slot": "its limit is reached, the next leaves at {until}", "stop_level": "its stop level is reached",
}
BECAME = {
    "sent": "The provider took it.", "delivered": "It arrived.",
    "failed": "It failed: {error}.", "uncertain": "It may have been sent: {error}.",
    "cancelled": "It was called off: {error}.", "sending": "It is being sent.",
}


@click.command("add-account")
@click.argument("channel")
@click.argument("address")
@click.option("--provider", help="Who carries it. Default: the channel's first that this desk is set up for.")
@click.option("--operator", "email", help="Whose own (secondary) account it is. Without: shared by the desk.")
@click.option("--receive/--no-receive", default=True, help="Whether messages to it come to the desk. Default: yes.")
@click.option("--send/--no-send", default=None, help="Whether answers leave from it. Default: only with --operator.")
@click.option("--label", default="", help="What citizens read instead of the owner's public name and the desk's.")
@click.option("--limit", "limits", multiple=True, metavar="N/SECONDS",
              help="At most N messages in SECONDS, such as 10/60. Repeat for several. Default: the provider's usual.")
@click.option("--budget", help="What it may cost in 24 hours before somebody is warned.")
@click.option("--stop-at", help="What it may cost in 24 hours at all: nothing leaves past that.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE",
              help="A setting of the provider's own, no secret. Repeat for several; docs/gateway.md lists a gateway's.")
@click.option("--secret-stdin", is_flag=True, help="Take the provider's key from standard input; it is stored sealed.")
@console.telling
def add_account(
    channel: str, address: str, *, email: str | None, receive: bool, send: bool | None, secret_stdin: bool, **more: Any,
) -> None:
    """Add one of our identities: a number, an address, a handle.

    CHANNEL is a word such as sms or mastodon; ADDRESS is ours, such as +254700000100 or @desk. For text messages it
    may also be a sender name of up to 11 letters, which people see and cannot answer.
    """
    owner = people.by_address(email).id if email else None
    secret = console.first_line() if secret_stdin else ""
    wanted = _terms(more["label"], more["limits"], more["budget"], more["stop_at"])
    added = run_in_transaction(lambda: accounts.add_account(
        channel, address, provider=more["provider"], operator_id=owner, can_receive=receive, can_send=send,
        terms=wanted, secret=secret, options=terms.options("\n".join(more["options"])),
    ))
    _tell(added, email)


def _terms(label: str, limits: tuple[str, ...], budget: str | None, stop_at: str | None) -> Terms:
    windows = terms.windows(" ".join(limits)) or None
    return Terms(label, windows, money.parsed(budget, "budget") if budget else None,
                 money.parsed(stop_at, "ceiling") if stop_at else None)


def _tell(added: Account, email: str | None) -> None:
    does = " and ".join(word for word, on in (("receives", added.can_receive), ("sends", added.can_send)) if on)
    whose = f"{email}'s own" if email else "shared"
    click.echo(f"{added.address} ({added.channel} at {added.provider}), {whose}, {does}.")
    if known.one_way(added):
        click.echo("People see this name and cannot answer it.", err=True)
    hook = connections.hook_address(added)
    if hook is not None:
        click.echo(f"The gateway calls {hook} with the account's key.")
    if added.provider == "simulator" and not context.settings().demo:
        click.echo("The simulator is made up: nothing leaves this machine, nobody outside can write to it.", err=True)


@click.command("accounts")
def list_accounts() -> None:
    """List the accounts: number, whose, how each fares, what it sent in 24 hours, how many said STOP to it."""
    lines = known.every()
    for line in lines:
        click.echo(_row(line))
    if not lines:
        click.echo("No account yet: `flask triage add-account` adds one.")


def _row(line: AccountLine) -> str:
    sent = f"{line.used_today} sent, " if line.can_send else "receives only, "
    cost = f"cost {money.plain(line.spent)}, " if line.spent else ""
    whose = f"{line.operator} <{line.owner_email}>" if line.operator else "shared"
    return (f"{line.id:>4}  {line.channel} {line.address} ({line.provider}), {whose}: "
            f"{_state(line.standing)}; {sent}{cost}{line.waiting} waiting, {line.stopped} said STOP")


def _state(standing: Standing) -> str:
    until = f"{standing.until:%H:%M} UTC" if standing.until else ""
    reason = WHY.get(standing.why, "").format(until=until) or standing.said
    if standing.state == "silent":
        reason = f"its telephone has fetched nothing since {standing.since:%H:%M} UTC"
    return f"{standing.state}, {reason}" if reason else standing.state


@click.command("set-rule")
@click.argument("channel")
@click.argument("rule", type=click.Choice(SENDER_RULES))
@console.telling
def set_rule(channel: str, rule: str) -> None:
    """Say who answers on CHANNEL: the holder's own account, a shared one (pool), or the one written to (arrival)."""
    run_in_transaction(lambda: accounts.set_rule(channel, rule))
    click.echo(f"{channel}: {rule}.")


@click.command("set-price")
@click.argument("channel")
@click.argument("provider")
@click.argument("region")
@click.argument("price")
@console.telling
def set_price(channel: str, provider: str, region: str, price: str) -> None:
    """Say what one part of a message to REGION costs: two letters such as KE, or * (quoted) for everywhere else."""
    micros = money.parsed(price)
    run_in_transaction(lambda: prices.set_price(channel, provider, region, micros))
    click.echo(f"{channel} by {provider} to {region.upper()}: {money.plain(micros)} {context.settings().currency}.")


@click.command("test-account")
@click.argument("number", metavar="ID", type=int)
@click.argument("to")
@console.telling
def test_account(number: int, to: str) -> None:
    """Send one neutral sentence from account ID to a number or address of yours; TO may be - for standard input.

    It goes the way of every answer: it counts against the limits, and does not leave for who said STOP.
    """
    address = console.first_line() if to == "-" else to
    sent = run_in_transaction(lambda: trials.send_test(number, address, uuid4().hex))
    deliver(sent)
    trial = known.trial_of(sent)
    click.echo(_became(trial))
    if trial.state in ("failed", "cancelled"):
        raise SystemExit(1)


def _became(trial: Trial) -> str:
    if trial.state not in BECAME:
        when = f" It may leave at {trial.next_at:%H:%M:%S} UTC." if trial.next_at else ""
        return f"It waits for its account.{when} `flask triage accounts` says why."
    return BECAME[trial.state].format(error=trial.error or "no reason was given")
