"""Files that lie with Twilio: pictures of messages, recordings of calls. Fetched from its hosts and from no others.

Twilio asks for the account's name and token, and sends on to another host whose address is good for four hours:
    https://www.twilio.com/docs/messaging/api/media-resource (basic authentication for all media)
    https://support.twilio.com/hc/en-us/articles/223183748 (`mms.twiliocdn.com`; before, `s3-external-1.amazonaws.com`)
The credentials go to the configured API host, for our own account's files, and to nobody it sends on to.
"""

from __future__ import annotations

from channels import fetching, twilio_client
from channels.base import AccountSettings, RemoteFile
from channels.errors import AccountProblem, FileRefused
from channels.fetching import Leave, Place

API_HOST = "api.twilio.com"
CDN = (".twiliocdn.com", ".twilio.com")
OLD_STORE, OLD_BUCKET = "s3-external-1.amazonaws.com", "/media.twiliocdn.com/"
LOOPBACK = ("localhost", "127.0.0.1")


def fetch(account: AccountSettings, file: RemoteFile) -> bytes:
    """The bytes of a file of this account. Raises as `fetching.fetch` does."""
    hosts = _Hosts(account)
    return fetching.fetch(hosts.moved(file.url), hosts.allow)


class _Hosts:
    """Which addresses an account may ask for files, and with what."""

    def __init__(self, account: AccountSettings) -> None:
        self._sid = account.options.get("account_sid", "")
        tokens = twilio_client.tokens(account.secret)[:1]
        if not twilio_client.SID.fullmatch(self._sid) or not tokens or not tokens[0].isascii():
            raise AccountProblem("The account has no Twilio account SID, or no token.")
        self._basic = (self._sid, tokens[0])
        self._base = fetching.read((account.options.get("api_base") or twilio_client.API_BASE).lower())
        elsewhere = account.options.get("media_base")  # where a host that speaks for Twilio keeps its files
        self._store = fetching.read(elsewhere.lower()).origin if elsewhere else None

    def moved(self, url: str) -> str:
        """The same file at the configured host; an address that is not the API's is none of a file."""
        place = fetching.read(url)
        if place.origin == self._base.origin:
            return url
        if place.origin == ("https", API_HOST, 443):
            base = self._base
            return f"{base.scheme}://{base.host}:{base.port}{base.path.rstrip('/')}{place.path}{place.query}"
        raise FileRefused("The file lies at an address that is not the provider's.")

    def allow(self, place: Place) -> Leave | None:
        """Leave to ask an address; None where there is none."""
        if place.origin == self._base.origin:
            return self._of_the_api(place)
        if place.origin == self._store:
            return Leave(private=True)
        if place.scheme != "https" or place.port != 443:
            return None
        old = place.host == OLD_STORE and place.path.startswith(OLD_BUCKET)
        return Leave() if old or place.host.endswith(CDN) else None

    def _of_the_api(self, place: Place) -> Leave | None:
        """Our own files, with credentials: in clear only to this machine itself. What else is there is not asked."""
        secret = place.scheme == "https" or place.host in LOOPBACK
        own = place.path.startswith(f"{self._base.path.rstrip('/')}/2010-04-01/Accounts/{self._sid}/")
        return Leave(self._basic, private=place.host != API_HOST) if secret and own else None


