"""Twilio's error codes: what each means to a person, and what the desk must do next.

Source: Twilio's Error and Warning Dictionary, https://www.twilio.com/docs/api/errors (each code has its page
there, `/docs/api/errors/<code>`); HTTP statuses: https://www.twilio.com/docs/usage/twilios-response. Twilio warns
that codes are refined over time: an unknown one is judged by its HTTP status, and shown by its number.

Twilio has no idempotency key for messages, so for a message 500 and 502 are doubt, as 504 is everywhere: the
request may have been taken before something behind the door broke. 503 is Twilio's own "not now, try again".
"""

from __future__ import annotations

import json

import requests

from channels import http
from channels.errors import (
    AccountProblem,
    ChannelError,
    OptedOut,
    OutcomeUnknown,
    Rejected,
    RetryLater,
    Suspended,
    Unreachable,
)

DOUBTFUL = (500, 502, 504)

# What the person's side, or the text, is the reason of: nobody tries again by themselves.
_REFUSED = {
    21211: "This is not a telephone number that exists.",
    21217: "This is not a telephone number that exists.",
    21421: "This is not a telephone number that exists.",
    21601: "This number cannot be reached by text message.",
    21602: "There is nothing to send: the text is empty.",
    21604: "There is nobody to send it to.",
    21605: "The text is too long for one message.",
    21612: "The carrier of this number cannot be reached from our number.",
    21614: "This number cannot receive text messages.",
    21617: "The text is longer than the 1,600 characters that Twilio carries.",
    21618: "The text cannot be sent as it is.",
    21619: "There is nothing to send: neither text nor file.",
    21620: "The address of a file is not valid.",
    21623: "There are too many files for one message.",
    21635: "This is a landline: it cannot receive text messages.",
    21910: "The account and the person are on different channels.",
    30003: "The telephone is switched off or out of reach.",
    30004: "The person or their carrier blocks messages from us.",
    30005: "The number does not exist any more, or is not in service.",
    30006: "This is a landline, or its carrier cannot be reached.",
    30007: "The carrier filtered the message.",
    30008: "The carrier did not deliver it and did not say why.",
    30009: "A part of the message was lost on the way.",
    30010: "The message costs more than the account allows.",
    30011: "This carrier takes no messages with files.",
    30012: "Its time was too short: it was not sent.",
    30013: "Its time was too short: it was not sent.",
    30014: "Its time was over before it was sent.",
    30017: "The carrier's network is overloaded.",
    30019: "The file is larger than the carrier takes.",
    30036: "Its time was over before it was sent.",
    30038: "The carrier filtered the message.",
    30039: "The message went in a circle and was stopped.",
    30040: "The carrier wants senders to be registered in this country.",
    30410: "The carrier did not answer Twilio in time.",
    30450: "Twilio blocked the message to protect the account against abuse.",
    30453: "The message could not be delivered.",
    30454: "The message could not be delivered.",
    63003: "This person is not on WhatsApp, or the number is wrong.",
    63005: "WhatsApp did not take the content.",
    63013: "WhatsApp refused it: it is against their policy.",
    63015: "The person has not joined the practice number of WhatsApp.",
    63016: "More than 24 hours have passed since the person wrote: WhatsApp allows only templates now.",
    63019: "WhatsApp could not fetch the file.",
    63021: "WhatsApp did not take the content.",
    63024: "This person cannot be reached by WhatsApp.",
    63032: "WhatsApp does not deliver this message to this person.",
    63033: "The person cannot be written to by WhatsApp.",
    63049: "WhatsApp chose not to deliver this message.",
    # Of one destination: the account's other answers go on.
    21408: "The Twilio account may not send to this country: its geographic permissions do not include it.",
    21606: "The account's number cannot send messages to this destination.",
    21608: "A trial account of Twilio can send only to numbers that were verified there.",
    30024: "The account's number is not set up at this carrier.",
    30034: "The account's number is not registered for messages to the United States (A2P 10DLC).",
}

# What only a person with access to the account can mend: the answer waits, the account asks for attention.
_ACCOUNT = {
    10002: "A trial account of Twilio cannot do this.",
    20003: "Twilio does not accept our credentials.",
    20006: "The Twilio account may not do this.",
    20008: "The test credentials of Twilio cannot do this.",
    20403: "The Twilio account may not do this.",
    20404: "Twilio does not know the account, or what was asked for.",
    21212: "The account's number is not one that Twilio can send from.",
    21603: "The account has no number to send from.",
    21607: "A trial account of Twilio can send only from its own number.",
    21609: "Twilio does not accept our address for callbacks.",
    21615: "The number cannot send before an address is registered for it.",
    21616: "The account's number stands several times in the Twilio account.",
    21621: "The account's number cannot send files.",
    21622: "The Twilio account cannot send files.",
    21659: "The account's number is not a number of Twilio's, or cannot send to this country.",
    21660: "The account's number belongs to another Twilio account.",
    21661: "The account's number cannot send text messages.",
    21703: "The messaging service has no number to send from.",
    30018: "The carrier wants our sender to be registered before it takes messages.",
    30022: "The carrier's rate for our registered campaign is used up.",
    30023: "The carrier's daily allowance for our registered campaign is used up.",
    30032: "The account's toll-free number is not verified.",
    30035: "The account's number is still being set up.",
    63001: "WhatsApp does not accept the credentials of our sender.",
    63007: "The account's number is no WhatsApp sender at Twilio.",
    63020: "Our WhatsApp business account has not accepted Twilio's invitation.",
    63036: "WhatsApp has no way of payment for our sender.",
    63038: "The Twilio account has sent all messages it may send today.",
}

# The same, where the provider has switched the account or its number off: it is mended by speaking with them.
_SUSPENDED = {
    10001: "The Twilio account is not active.",
    20005: "The Twilio account is not active.",
    30002: "The Twilio account is suspended.",
    30033: "The registered campaign of the account's number is suspended.",
    63051: "WhatsApp has locked our business account.",
    63112: "WhatsApp has switched off our business account.",
}

# What goes away: try again later, and slower.
_LATER = {
    14107: "Our number sends faster than Twilio takes messages to this person.",
    20429: "Twilio takes no more requests from us at the moment.",
    21611: "The queue of our number at Twilio is full.",
    30001: "The queue of our number at Twilio is full.",
    63017: "WhatsApp takes no more messages from us at the moment.",
    63018: "WhatsApp takes no more messages from us at the moment.",
}

CODES: dict[int, tuple[type[ChannelError], str]] = {
    21610: (OptedOut, "The person has told Twilio STOP: nobody may write to them from our number."),
    **{code: (Rejected, sentence) for code, sentence in _REFUSED.items()},
    **{code: (AccountProblem, sentence) for code, sentence in _ACCOUNT.items()},
    **{code: (Suspended, sentence) for code, sentence in _SUSPENDED.items()},
    **{code: (RetryLater, sentence) for code, sentence in _LATER.items()},
}


def sentence(code: int | None) -> str:
    """What a code means, with the code, for the person who wrote the answer. Holds no contact and no text."""
    if code is None:
        return "Twilio did not say why."
    return f"{CODES[code][1]} (Twilio {code})" if code in CODES else f"Twilio's error {code}."


def opted_out(code: int | None) -> bool:
    """Whether a code means that the person said STOP to our number."""
    return code is not None and code in CODES and CODES[code][0] is OptedOut


def refusal(response: requests.Response, text: str, *, asking: bool) -> ChannelError | None:
    """What an answer of Twilio's means, None where it is a yes. `asking`: nothing could take effect by the request."""
    general = http.refusal(response)
    if general is None:
        return None
    if response.status_code >= 500:
        return _broken(response.status_code, general, asking=asking)
    code = _code(text)
    if code is None and isinstance(general, Rejected):  # a proxy, or another host: no word about the recipient
        return AccountProblem(f"{general}, and not as Twilio answers")
    return told(code, general)


def told(code: int | None, general: ChannelError) -> ChannelError:
    """The error a code stands for; of an unknown code the one that the HTTP status stands for, with its number."""
    if code not in CODES:
        known = code is None or isinstance(general, RetryLater)
        return general if known else type(general)(f"{general}: {sentence(code)}")
    kind, _ = CODES[code]
    if isinstance(general, RetryLater) or kind is RetryLater:
        return RetryLater(getattr(general, "after", http.PATIENCE_SECONDS), sentence(code))
    return kind(sentence(code))


def _broken(status: int, general: ChannelError, *, asking: bool) -> ChannelError:
    if asking:
        return Unreachable(str(general))
    return OutcomeUnknown(str(general)) if status in DOUBTFUL else general


def _code(text: str) -> int | None:
    """The code in Twilio's JSON; None where there is none, for example because a proxy answered."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    code = values.get("code") if isinstance(values, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) and 0 < code < 10**6 else None
