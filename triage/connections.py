"""From an account's row to the adapter that speaks to its provider, its secret opened on the way."""

from __future__ import annotations

from typing import cast

from channels import registry
from channels.base import AccountSettings, Capabilities, Channel, WebhookReceiver
from triage import context
from triage.models import Account

CHANNELS = ("sms", "whatsapp", "voice", "email", "web", "mastodon", "bluesky", "x", "telegram", "phone")


def connect(account: Account) -> Channel:
    """The channel object of `account`, ready to send, poll or verify."""
    return registry.adapter(account.channel, account.provider)(settings_of(account))


def settings_of(account: Account) -> AccountSettings:
    """The account as an adapter sees it. Raises sealing.SealBroken where the key ring does not fit."""
    sealed = account.secret_sealed
    secret = context.keyring().open(sealed, account.secret_context) if sealed else ""
    options = {"path": context.settings().simulator_path} if account.provider == "simulator" else {}
    return AccountSettings(account.channel, account.address, secret, options)


def without_account(channel: str) -> Channel:
    """The channel object of a channel that needs no account."""
    (provider,) = registry.providers(channel)
    return registry.adapter(channel, provider)(AccountSettings(channel, "", ""))


def receiver(channel: str, provider: str) -> WebhookReceiver:
    """What verifies and reads a provider's requests, before anybody knows which account they are for.

    Raises LookupError where no such provider calls us.
    """
    if provider != "simulator" or channel not in registry.channels():
        raise LookupError(f"{provider} does not call for {channel}")
    options = {"path": context.settings().simulator_path}
    made = registry.adapter(channel, provider)(AccountSettings(channel, "", simulator_secret(), options))
    if not _is_called(type(made), made):
        raise LookupError(f"{channel} at {provider} is not called")
    return cast(WebhookReceiver, made)


_called: dict[type, bool] = {}


def _is_called(adapter: type, made: Channel) -> bool:
    """Asked once of each adapter: to hold something against a protocol takes as long as to read a message."""
    if adapter not in _called:
        _called[adapter] = isinstance(made, WebhookReceiver)
    return _called[adapter]


def simulator_secret() -> str:
    """What the simulator signs its requests with: derived, so that desk and carrier agree without a setting."""
    return context.keyring().blind("simulator", "webhook")


def capabilities(channel: str, provider: str | None = None) -> Capabilities:
    """What `channel` can do at `provider` (default: whatever the channel promises at all of them)."""
    if provider is None:
        return registry.capabilities_of_channel(channel)
    return registry.capabilities(channel, provider)


def providers(channel: str) -> tuple[str, ...]:
    """At whom an account for `channel` can stand, the usual one first; empty where none can."""
    return tuple(name for name in registry.providers(channel) if capabilities(channel, name).needs_account)


def channels() -> tuple[str, ...]:
    """Every channel whose accounts stand at a provider, in the order of the glossary."""
    return tuple(name for name in CHANNELS if providers(name))
