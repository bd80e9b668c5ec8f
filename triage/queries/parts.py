"""What a text takes as a message of a channel: its characters, its parts, and whether plain signs would take fewer."""

from __future__ import annotations

from dataclasses import dataclass

from channels import segments
from channels.base import Capabilities


@dataclass(frozen=True)
class Meter:
    """What stands beneath the text: `parts` is 0 where the channel has none. `odd` are the signs not in the plain
    alphabet, `mendable` says that plain twins of some would do.
    """

    characters: int
    parts: int
    most_parts: int
    plain: bool
    odd: str
    mendable: bool


def segmented(text: str, capabilities: Capabilities) -> int:
    """How many parts are paid for: 1 where the channel has no parts."""
    return segments.parts(text) if capabilities.segmented else 1


def measured(text: str, ending: str, most_parts: int, *, of_parts: bool) -> Meter:
    """The measures of `text` with the `ending` it is sent with. What is empty has no odd signs."""
    whole = text + ending
    if not of_parts:
        return Meter(len(whole), 0, most_parts, plain=True, odd="", mendable=False)
    size = segments.size(whole)
    return Meter(len(whole), size.parts, most_parts, size.encoding == segments.GSM_7, _odd(whole),
                 mendable(text, ending))


def _odd(text: str) -> str:
    return "".join(dict.fromkeys(letter for letter in text if not _plain(letter)))


def _plain(letter: str) -> bool:
    return letter in segments.BASIC or letter in segments.EXTENDED


def mendable(text: str, ending: str = "") -> bool:
    """Whether plain signs would do: the text with `ending` then takes the plain alphabet, or fewer parts."""
    now, then = segments.size(text + ending), segments.size(segments.plain(text) + ending)
    return then.parts < now.parts or (now.encoding == segments.UCS_2 and then.encoding == segments.GSM_7)


def mended(text: str) -> str:
    """The same words with plain quotes, dashes and spaces."""
    return segments.plain(text)
