"""A file from a provider's host and from nowhere else: addresses come from outside, and ours must not be asked by them.

Each address is read strictly, held against the provider's own hosts, resolved once, and asked at exactly the
address that was found and looked at; each redirection is a new address and treated so. Proxies of the environment
are not used: behind one nobody knows who is asked.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from channels.errors import AccountProblem, ChannelError, FileRefused, FileTooLarge, RetryLater, Unreachable

MOST_BYTES = 16 * 1024 * 1024
MOST_SECONDS = 60.0  # for all of it: every redirection and the last byte
MOST_REDIRECTS = 3
CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
PATIENCE_SECONDS = 30.0
PIECE = 64 * 1024
PORTS = {"http": 80, "https": 443}
REDIRECTS = (301, 302, 303, 307, 308)
NEVER_GLOBAL = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
# No user, no fragment, no escape in the host, and one way to write it: whoever reads it otherwise is not asked.
ADDRESS = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::(?P<port>[1-9][0-9]{0,4}))?"
                     r"(?P<path>/[!$&'()*+,;=:@A-Za-z0-9._~%/-]*)?(?P<query>\?[!$&'()*+,;=:@A-Za-z0-9._~%/?-]*)?")
MOST_ADDRESS = 4_000


@dataclass(frozen=True)
class Place:
    """One address, read."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port


@dataclass(frozen=True)
class Leave:
    """What a provider's address may be asked with: `basic` are user and password, `private` whether it may be ours."""

    basic: tuple[str, str] | None = None
    private: bool = False


Allow = Callable[[Place], Leave | None]


def read(url: str) -> Place:
    """An address, read strictly. Raises FileRefused."""
    found = ADDRESS.fullmatch(url) if len(url) <= MOST_ADDRESS else None
    if found is None:
        raise FileRefused("The address of the file cannot be read.")
    port = int(found["port"] or PORTS[found["scheme"]])
    path, query = found["path"] or "/", found["query"] or ""
    if port > 65535 or "/../" in f"{path}/" or "%2e" in path.lower():
        raise FileRefused("The address of the file cannot be read.")
    return Place(found["scheme"], found["host"], port, path, query)


def fetch(url: str, allow: Allow) -> bytes:
    """The bytes at an address for which `allow` gives leave, over at most three redirections that it allows, too.

    Raises FileRefused where it gives none, FileTooLarge, RetryLater, AccountProblem, and Unreachable for everything
    that may be otherwise the next time.
    """
    until = time.monotonic() + MOST_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        place = read(url)
        leave = allow(place)
        if leave is None:
            raise FileRefused("The file lies at an address that is not the provider's.")
        found = _ask(place, leave, until)
        if isinstance(found, bytes):
            return found
        url = _moved(url, found)
    raise FileRefused("The provider sends from one address to the next.")


def _moved(url: str, to: str) -> str:
    """Where a redirection leads. Raises FileRefused where that cannot be read."""
    try:
        return urljoin(url, to)
    except ValueError as problem:
        raise FileRefused("The address of the file cannot be read.") from problem


def addresses(host: str, port: int) -> Sequence[str]:
    """Where a host is, asked once. Raises Unreachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Unreachable("the provider could not be found") from problem
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, in whichever clothes it comes."""
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        return is_public(str(number.ipv4_mapped))
    if number.version == 6 and any(number in net for net in NEVER_GLOBAL):
        return False
    return number.is_global and not number.is_multicast


def _ask(place: Place, leave: Leave, until: float) -> bytes | str:
    """Ask one address: what lies there, or where it sends."""
    found = addresses(place.host, place.port)
    if not found or not (leave.private or all(is_public(each) for each in found)):
        raise Unreachable("the provider's name leads to no public address")
    try:
        with _pool(place, found[0], until) as pool:
            answer = _answered(pool, place, leave)
            try:
                return _meaning(answer, leave, until)
            finally:
                answer.close()
    except (HTTPError, OSError) as problem:
        raise Unreachable("the file could not be fetched") from problem


def _pool(place: Place, address: str, until: float) -> urllib3.HTTPConnectionPool:
    """A connection to this very address, and to nobody who has not the host's certificate."""
    patience = urllib3.Timeout(connect=min(CONNECT_SECONDS, _left(until)), read=min(READ_SECONDS, _left(until)))
    if place.scheme == "http":
        return urllib3.HTTPConnectionPool(address, place.port, timeout=patience, retries=False)
    return urllib3.HTTPSConnectionPool(
        address, place.port, timeout=patience, retries=False, cert_reqs="CERT_REQUIRED",
        ca_certs=DEFAULT_CA_BUNDLE_PATH, server_hostname=place.host, assert_hostname=place.host)


def _answered(pool: urllib3.HTTPConnectionPool, place: Place, leave: Leave) -> BaseHTTPResponse:
    host = place.host if place.port == PORTS[place.scheme] else f"{place.host}:{place.port}"
    headers = {"Host": host, "Accept-Encoding": "identity", "User-Agent": "triage"}
    if leave.basic is not None:
        headers["Authorization"] = str(urllib3.make_headers(basic_auth=":".join(leave.basic))["authorization"])
    return pool.urlopen("GET", place.path + place.query, headers=headers, redirect=False, assert_same_host=False,
                        preload_content=False, decode_content=False)


def _meaning(answer: BaseHTTPResponse, leave: Leave, until: float) -> bytes | str:
    if answer.status == 200:
        return _body(answer, until)
    if answer.status in REDIRECTS and answer.headers.get("Location"):
        return str(answer.headers["Location"])
    raise _trouble(answer, leave)


def _trouble(answer: BaseHTTPResponse, leave: Leave) -> ChannelError:
    """What no file means. One that is not there may come yet: who brings the message is often faster."""
    if answer.status in (401, 403) and leave.basic is not None:
        return AccountProblem(f"the provider answered {answer.status}")
    if answer.status == 429:
        said = answer.headers.get("Retry-After", "")
        return RetryLater(min(float(said), 3600.0) if said.isascii() and said.isdecimal() else PATIENCE_SECONDS)
    return Unreachable(f"the provider answered {answer.status}")


def _body(answer: BaseHTTPResponse, until: float) -> bytes:
    """All of it, at most MOST_BYTES, whatever it says of its length."""
    said = answer.headers.get("Content-Length", "")
    if said.isdecimal() and int(said) > MOST_BYTES:
        raise FileTooLarge("The file is too large.")
    whole = bytearray()
    while piece := answer.read1(PIECE):
        whole += piece
        if len(whole) > MOST_BYTES:
            raise FileTooLarge("The file is too large.")
        _left(until)
    if said.isdecimal() and len(whole) != int(said):
        raise Unreachable("the file ended too early")
    return bytes(whole)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise Unreachable("the file took too long")
    return left
