"""What can go wrong at a provider, by what the caller must do next.

ChannelError
├── RetryLater(after)        throttled: requeue at that time, pause the account
├── Unreachable              refused or failed before acceptance: requeue with backoff
├── OutcomeUnknown           cut after the request left: uncertain, or retry if repeatable
├── Rejected(reason)         this recipient or text is refused for good: failed, shown to the operator
│   ├── OptedOut             … because the person told the provider STOP: nobody writes to them again
│   └── FileRefused          … a file: where it lies is nowhere that we ask
│       └── FileTooLarge     … it is larger than we keep
├── AccountProblem(reason)   our account is the problem: needs attention, requeue
│   └── Suspended            … because the provider has switched it off: only they can mend it
├── BadSignature             not from the provider: 403, nothing stored
└── Unreadable               from the provider, yet no parser can read it: quarantined
"""

from __future__ import annotations


class ChannelError(Exception):
    """Anything a channel may raise; `str()` is safe to show and holds no contact or text."""


class RetryLater(ChannelError):
    """The provider asks for patience; `after` is in seconds."""

    def __init__(self, after: float, reason: str = "throttled") -> None:
        super().__init__(reason)
        self.after = after


class Unreachable(ChannelError):
    """The request surely did not take effect."""


class OutcomeUnknown(ChannelError):
    """The request left and no answer came: it may have taken effect."""


class Rejected(ChannelError):
    """The provider refuses this message for good; `str()` is its reason."""


class OptedOut(Rejected):
    """The person has told the provider that we shall not write to them; the desk may not know of it yet."""


class FileRefused(Rejected):
    """The file is not fetched, now or later: its address is not the provider's."""


class FileTooLarge(FileRefused):
    """The file is larger than what is kept."""


class AccountProblem(ChannelError):
    """The account cannot send until a person mends it; `str()` is the reason."""


class Suspended(AccountProblem):
    """The provider has switched our account or number off; a person must speak with them."""


class BadSignature(ChannelError):
    """The request was not signed by the provider."""


class Unreadable(ChannelError):
    """The payload is not something this adapter can read; `str()` says what is wrong."""
