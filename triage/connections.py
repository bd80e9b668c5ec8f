"""From an account's row to the adapter that speaks to its provider, its secret opened on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from channels import registry, twilio_addresses
from channels.base import AccountSettings, Answerer, Capabilities, Channel, WebhookReceiver
from channels.gateway import Gateway
from channels.gateway_options import BadOptions
from triage import context
from triage.db import db
from triage.doors import doors
from triage.models import Account

CHANNELS = ("sms", "whatsapp", "voice", "email", "web", "mastodon", "bluesky", "x", "telegram", "phone")
# One reads what comes for text messages and WhatsApp and what became of either; one reads calls.
TWILIO_HOOKS = {"sms": "sms", "status": "sms", "voice": "voice", "recording": "voice"}


def connect(account: Account) -> Channel:
    """The channel object of `account`, ready to send, poll or verify."""
    return registry.adapter(account.channel, account.provider)(settings_of(account))


def settings_of(account: Account) -> AccountSettings:
    """The account as an adapter sees it. Raises sealing.SealBroken where the key ring does not fit.

    An account without a secret of its own speaks with the desk's at its provider.
    """
    sealed = account.secret_sealed
    secret = context.keyring().open(sealed, account.secret_context) if sealed else common_secret(account.provider)
    options = {**_options(account.provider), **(account.options or {})}
    return AccountSettings(account.channel, account.address, secret, options)


def common_secret(provider: str) -> str:
    """What the accounts at a provider speak with that have no secret of their own; empty where nothing is set."""
    return context.settings().twilio_auth_token if provider == "twilio" else ""


def _options(provider: str) -> dict[str, str]:
    settings = context.settings()
    if provider == "simulator":
        return {"path": settings.simulator_path}
    if provider != "twilio":
        return {}
    languages = ",".join(settings.desk_languages)
    found = {"account_sid": settings.twilio_account_sid, "api_base": settings.twilio_api_base,
             "languages": languages, "desk": settings.desk_name}
    return found if settings.poll_only else {**found, "callback_url": f"{settings.public_url}/hooks/twilio/status"}


def without_account(channel: str) -> Channel:
    """The channel object of a channel that needs no account."""
    (provider,) = registry.providers(channel)
    return registry.adapter(channel, provider)(AccountSettings(channel, "", ""))


def receiver(hook: str, provider: str) -> WebhookReceiver:
    """What reads a provider's requests again that were verified when they came; within a transaction.

    `hook` is the last part of the address they came to. Raises LookupError where no such provider calls us there.
    """
    if provider == "gateway":
        return Gateway(settings_of(_called(hook)))
    return _reading(*_hook(hook, provider, ()), provider)


def at_door(hook: str, provider: str) -> WebhookReceiver:
    """What verifies and reads a provider's requests as they come, before anybody knows which account they are for.

    Knows the secrets without the database. Raises LookupError where no such provider calls us there.
    """
    channel, secret = _hook(hook, provider, doors().secrets(provider))
    if not secret:
        raise LookupError(f"{provider} has no key here")
    return _reading(channel, secret, provider)


def gateway_at_door(number: int) -> Gateway:
    """The gateway that calls at the address of its account; without the database, too.

    Raises LookupError where there is no such account, doors.NothingKnown where nobody can tell yet.
    """
    found = doors().account("gateway", number)
    if found is None:
        raise LookupError(f"there is no account {number} at a gateway")
    return Gateway(found)


def hook_address(account: Account) -> str | None:
    """Where the gateway of an account calls us; None for what stands at no gateway."""
    base = context.settings().public_url
    return f"{base}/hooks/gateway/{account.id}" if account.provider == "gateway" else None


def _called(hook: str) -> Account:
    account = db.session.get(Account, int(hook)) if hook.isascii() and hook.isdecimal() and len(hook) < 19 else None
    if account is None or account.provider != "gateway":
        raise LookupError(f"no gateway calls at {hook}")
    return account


def _reading(channel: str, secret: str, provider: str) -> WebhookReceiver:
    made = registry.adapter(channel, provider)(AccountSettings(channel, "", secret, _options(provider)))
    if not _is(made, WebhookReceiver):
        raise LookupError(f"{channel} at {provider} is not called")
    return cast(WebhookReceiver, made)


def polled(account: Account) -> bool:
    """Whether the provider of an account is asked what has come."""
    try:
        return hasattr(registry.adapter(account.channel, account.provider), "poll")
    except LookupError:
        return False


def hook(channel: str, provider: str) -> str:
    """Where a provider brings messages of a channel, as the last part of the address."""
    return TWILIO_HOOKS.get(channel, "sms") if provider == "twilio" else channel


def _hook(hook: str, provider: str, own: tuple[str, ...]) -> tuple[str, str]:
    """The channel that reads what comes to an address, and what it must have been signed with.

    `own` are the secrets of accounts that have one; all of them are the desk's, and so believe each other.
    """
    if provider == "simulator" and hook in registry.channels():
        return hook, simulator_secret()
    if provider == "twilio" and hook in TWILIO_HOOKS:
        return TWILIO_HOOKS[hook], ",".join(filter(None, (context.settings().twilio_auth_token, *own)))
    raise LookupError(f"{provider} does not call at {hook}")


def answers(receiver: WebhookReceiver) -> bool:
    """Whether the provider waits for more than to hear that its request was kept."""
    return _is(receiver, Answerer)


_kinds: dict[tuple[type, type], bool] = {}


def _is(made: object, protocol: type) -> bool:
    """Asked once of each adapter: to hold something against a protocol takes as long as to read a message."""
    key = type(made), protocol
    if key not in _kinds:
        _kinds[key] = isinstance(made, protocol)
    return _kinds[key]


def simulator_secret() -> str:
    """What the simulator signs its requests with: derived, so that desk and carrier agree without a setting."""
    return context.keyring().blind("simulator", "webhook")


def capabilities(channel: str, provider: str | None = None) -> Capabilities:
    """What `channel` can do at `provider` (default: whatever the channel promises at all of them)."""
    if provider is None:
        return registry.capabilities_of_channel(channel)
    return registry.capabilities(channel, provider)


def providers(channel: str) -> tuple[str, ...]:
    """At whom an account for `channel` can stand, the usual one of this desk first; empty where none can."""
    known = (name for name in registry.providers(channel) if capabilities(channel, name).needs_account)
    return tuple(sorted(known, key=lambda name: not _set_up(name)))


def _set_up(provider: str) -> bool:
    """Whether the desk has what it takes to use a provider: a practice desk has its simulator and nothing else."""
    settings = context.settings()
    if settings.demo or provider == "simulator":
        return settings.demo and provider == "simulator"
    # A gateway is somebody's own telephone: it is meant only where it is named.
    return bool(settings.twilio_account_sid) if provider == "twilio" else provider != "gateway"


def default_limits(channel: str, provider: str, address: str) -> list[list[int]]:
    """How fast a new account should send, as [count, seconds]: by its provider and the kind of its number."""
    if provider == "twilio" and capabilities(channel, provider).default_limits:
        found = twilio_addresses.usual_limits(channel, address)
    else:
        found = capabilities(channel, provider).default_limits
    return [list(window) for window in found]


def keeps_two_keys(provider: str) -> bool:
    """Whether an account's secret may be two keys with a comma between, while one replaces the other."""
    return provider in ("twilio", "gateway")


def beside_keys(provider: str, secret: str) -> str:
    """What stands in an account's secret beside its keys: at a gateway the word it wants to hear from us."""
    return "".join(secret.partition(";")[1:]) if provider == "gateway" else ""


def option_problem(channel: str, provider: str, options: Mapping[str, str]) -> str | None:
    """What is wrong with a new account's options, in a sentence; None where nothing is."""
    check = getattr(registry.adapter(channel, provider), "check_options", None)
    if check is None:
        return "An account at this provider has no options." if options else None
    try:
        check(options)
    except BadOptions as problem:
        return str(problem)
    return None


def key_count(account: Account) -> int:
    """How many keys of its own an account has. Raises sealing.SealBroken where the key ring does not fit."""
    if account.secret_sealed is None:
        return 0
    return _keys(account).count(",") + 1 if keeps_two_keys(account.provider) else 1


def _keys(account: Account) -> str:
    secret = settings_of(account).secret
    return secret.removesuffix(beside_keys(account.provider, secret))


def offered() -> dict[str, tuple[str, ...]]:
    """Who may carry each channel, where a person chooses: what is only made up is for a practice desk."""
    made_up = () if context.settings().demo else ("simulator",)
    found = {name: tuple(one for one in providers(name) if one not in made_up) for name in channels()}
    return {name: carriers for name, carriers in found.items() if carriers}


def channels() -> tuple[str, ...]:
    """Every channel whose accounts stand at a provider, in the order of the glossary."""
    return tuple(name for name in CHANNELS if providers(name))
