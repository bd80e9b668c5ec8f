"""Twilio's resources as its API shows them."""

from __future__ import annotations

import math
import re
import uuid
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

VERSION = "2010-04-01"
GSM = re.compile(
    "[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\\\\\[~\\]|€-]*")
LONG_LETTERS = re.compile(r"[\^{}\\\[~\]|€]")

Shape = dict[str, Any]


def sid(prefix: str) -> str:
    """A new name, such as SM and 32 hexadecimal digits."""
    return prefix + uuid.uuid4().hex


def dated(moment: float) -> str:
    """A moment as the API writes it (RFC 2822, whole seconds, UTC)."""
    return format_datetime(datetime.fromtimestamp(int(moment), UTC))


def account_uri(account: str) -> str:
    """Where an account lies, without the ending."""
    return f"/{VERSION}/Accounts/{account}"


def segments(text: str) -> int:
    """Into how many parts a text is cut: 160 letters or 153 each in the GSM alphabet, 70 or 67 in any other."""
    if GSM.fullmatch(text):
        length, single, each = len(text) + len(LONG_LETTERS.findall(text)), 160, 153
    else:
        length, single, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else math.ceil(length / each)


def account(own: str, name: str, token: str, now: float) -> Shape:
    """An account."""
    parts = {"messages": "Messages", "calls": "Calls", "recordings": "Recordings",
             "incoming_phone_numbers": "IncomingPhoneNumbers"}
    return {
        "sid": own, "friendly_name": name, "status": "active", "type": "Full", "auth_token": token,
        "owner_account_sid": own, "date_created": dated(now), "date_updated": dated(now),
        "uri": f"{account_uri(own)}.json",
        "subresource_uris": {key: f"{account_uri(own)}/{part}.json" for key, part in parts.items()},
    }


def message(own: str, account_sid: str, now: float, **given: Any) -> Shape:
    """A message; `given` says from, to, body, direction, status and whatever else is known."""
    uri = f"{account_uri(account_sid)}/Messages/{own}"
    return {
        "account_sid": account_sid, "api_version": VERSION, "body": "", "date_created": dated(now), "date_sent": None,
        "date_updated": dated(now), "direction": "outbound-api", "error_code": None, "error_message": None,
        "from": None, "messaging_service_sid": None, "num_media": "0", "num_segments": "1", "price": None,
        "price_unit": "USD", "sid": own, "status": "queued", "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": None, "uri": f"{uri}.json", **given,
    }


def media(own: str, account_sid: str, message_sid: str, content_type: str, now: float) -> Shape:
    """A file of a message."""
    uri = f"{account_uri(account_sid)}/Messages/{message_sid}/Media/{own}.json"
    return {"account_sid": account_sid, "content_type": content_type, "date_created": dated(now),
            "date_updated": dated(now), "parent_sid": message_sid, "sid": own, "uri": uri}


def call(own: str, account_sid: str, now: float, **given: Any) -> Shape:
    """A call to us; `given` says from, to and whatever else is known."""
    uri = f"{account_uri(account_sid)}/Calls/{own}"
    return {
        "account_sid": account_sid, "answered_by": None, "api_version": VERSION, "caller_name": None,
        "date_created": dated(now), "date_updated": dated(now), "direction": "inbound", "duration": None,
        "end_time": None, "forwarded_from": None, "from": None, "from_formatted": given.get("from"), "group_sid": None,
        "parent_call_sid": None, "phone_number_sid": None, "price": None, "price_unit": "USD", "queue_time": "0",
        "sid": own, "start_time": dated(now), "status": "ringing", "to": None, "to_formatted": given.get("to"),
        "trunk_sid": None, "subresource_uris": {"recordings": f"{uri}/Recordings.json"}, "uri": f"{uri}.json", **given,
    }


def recording(own: str, account_sid: str, call_sid: str, seconds: int, now: float, base: str) -> Shape:
    """What was recorded of a call; `base` is the host its content lies at."""
    uri = f"{account_uri(account_sid)}/Recordings/{own}"
    return {
        "account_sid": account_sid, "api_version": VERSION, "call_sid": call_sid, "channels": 1, "conference_sid": None,
        "date_created": dated(now), "date_updated": dated(now), "duration": str(seconds), "encryption_details": None,
        "error_code": None, "media_url": base + uri, "price": None, "price_unit": "USD", "sid": own,
        "source": "RecordVerb", "start_time": dated(now), "status": "completed", "subresource_uris": {},
        "uri": f"{uri}.json",
    }


def number(own: str, account_sid: str, address: str, now: float, **hooks: str) -> Shape:
    """A number of ours; `hooks` are the addresses it brings messages and calls to."""
    urls = {name: hooks.get(name, "") for name in ("sms_url", "sms_fallback_url", "voice_url", "voice_fallback_url",
                                                   "status_callback")}
    methods = dict.fromkeys(("sms_method", "sms_fallback_method", "voice_method", "voice_fallback_method",
                             "status_callback_method"), "POST")
    absent = ("address_sid", "identity_sid", "bundle_sid", "trunk_sid", "emergency_address_sid", "sms_application_sid",
              "voice_application_sid")
    return {
        "sid": own, "account_sid": account_sid, "phone_number": address, "friendly_name": address,
        "api_version": VERSION, "address_requirements": "none", "beta": False, "origin": "twilio", "status": "in-use",
        "capabilities": {"mms": True, "sms": True, "voice": True, "fax": False}, "voice_receive_mode": "voice",
        "voice_caller_id_lookup": False, "emergency_status": "Inactive", "emergency_address_status": "unregistered",
        "date_created": dated(now), "date_updated": dated(now), "subresource_uris": {}, **dict.fromkeys(absent),
        "uri": f"{account_uri(account_sid)}/IncomingPhoneNumbers/{own}.json", **urls, **methods,
    }
