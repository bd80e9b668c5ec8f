"""The only list of channels: who carries what, the usual carrier of a channel first."""

from __future__ import annotations

from typing import Protocol

from channels.base import AccountSettings, Capabilities, Channel
from channels.gateway import Gateway
from channels.simulator import SimulatorPosts, SimulatorSms
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from channels.twilio_voice import TwilioVoice
from channels.web import Web
from channels.written import Written


class Adapter(Protocol):
    """An adapter's class: its capabilities are known before there is an account."""

    @property
    def capabilities(self) -> Capabilities:
        """What the channel can do at this provider."""
        ...

    def __call__(self, account: AccountSettings) -> Channel:
        """The channel object of one account."""
        ...


class UnknownChannel(LookupError):
    """Nobody carries this channel here; `str()` names what was asked for."""


CHANNELS: dict[tuple[str, str], Adapter] = {
    ("web", "web"): Web,
    ("sms", "twilio"): TwilioSms,
    ("whatsapp", "twilio"): TwilioWhatsApp,
    ("voice", "twilio"): TwilioVoice,
    ("sms", "simulator"): SimulatorSms,
    ("sms", "gateway"): Gateway,
    ("mastodon", "simulator"): SimulatorPosts,
    ("phone", "desk"): Written,
    ("sms", "desk"): Written,
}


def adapter(channel: str, provider: str) -> Adapter:
    """The class to make a channel object with. Raises UnknownChannel."""
    try:
        return CHANNELS[channel, provider]
    except KeyError as problem:
        raise UnknownChannel(f"{channel} at {provider}") from problem


def capabilities(channel: str, provider: str) -> Capabilities:
    """What `channel` can do at `provider`. Raises UnknownChannel."""
    return adapter(channel, provider).capabilities


def capabilities_of_channel(channel: str) -> Capabilities:
    """What `channel` can do at its usual provider. Raises UnknownChannel."""
    for provider in providers(channel):
        return capabilities(channel, provider)
    raise UnknownChannel(channel)


def providers(channel: str) -> tuple[str, ...]:
    """Who can carry `channel`, the usual one first; empty where nobody can."""
    return tuple(provider for each, provider in CHANNELS if each == channel)


def channels() -> tuple[str, ...]:
    """Every channel on the list, each once."""
    return tuple(dict.fromkeys(channel for channel, _ in CHANNELS))
