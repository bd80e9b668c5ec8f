"""Files of Twilio's are fetched from Twilio; no address that comes with a message leads us anywhere else."""

from __future__ import annotations

import base64
import itertools
import socket
from collections.abc import Iterator

import pytest

from channels import fetching, twilio_media
from channels.base import AccountSettings, Fetcher, RemoteFile
from channels.errors import AccountProblem, FileRefused, FileTooLarge, Rejected, RetryLater, Unreachable
from channels.twilio_sms import TwilioSms, TwilioWhatsApp
from channels.twilio_voice import TwilioVoice
from tests.channels import file_host
from tests.channels.file_host import FileHost, Trap, answers_with
from tests.channels.twilio_bench import SID, TOKEN, account

OWN = f"/2010-04-01/Accounts/{SID}/Messages/MM{'2c' * 16}/Media/ME{'5f' * 16}"
BASIC = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
PICTURE = b"\xff\xd8 a picture"


@pytest.fixture
def api() -> Iterator[FileHost]:
    """A host that speaks for Twilio."""
    with file_host.opened() as host:
        yield host


@pytest.fixture
def store() -> Iterator[FileHost]:
    """Another host, where the files lie."""
    with file_host.opened() as host:
        yield host


@pytest.fixture
def trap() -> Iterator[Trap]:
    """Nobody may come here."""
    made = Trap()
    yield made
    made.close()


def fetch(url: str, **options: str) -> bytes:
    """Fetch by an account with these options."""
    return twilio_media.fetch(account(**options), RemoteFile(url, "image/jpeg"))


# ---------------------------------------------------------------- what is fetched, and with what


def test_a_file_is_fetched_with_the_account_s_credentials(api: FileHost) -> None:
    assert fetch(api.put(OWN, PICTURE), api_base=api.url) == PICTURE
    assert api.asked[0][1]["Authorization"] == BASIC


def test_where_twilio_sends_on_nobody_is_told_the_credentials(api: FileHost, store: FileHost) -> None:
    there = store.put("/_cdn/ME1?Expires=1&Signature=a%2Fb~c_", PICTURE)
    url = api.put(OWN, b"", 307, Location=there)
    assert fetch(url, api_base=api.url, media_base=store.url) == PICTURE
    assert "Authorization" in api.asked[0][1]
    assert "Authorization" not in store.asked[0][1]


def test_an_address_of_twilio_s_own_is_asked_at_the_configured_host(api: FileHost) -> None:
    api.put(OWN, PICTURE)
    assert fetch(f"https://api.twilio.com{OWN}", api_base=api.url) == PICTURE


@pytest.mark.parametrize("path", [
    "/2010-04-01/Accounts.json", f"/2010-04-01/Accounts/AC{'9' * 32}/Messages/MM1/Media/ME1", "/", "/admin",
    f"/2010-04-01/Accounts/{SID}/../AC{'9' * 32}/x", f"/2010-04-01/Accounts/{SID}/%2e%2e/x"])
def test_what_is_not_of_our_account_is_not_asked_for(api: FileHost, path: str) -> None:
    with pytest.raises(FileRefused):
        fetch(api.put(path, PICTURE), api_base=api.url)
    assert api.asked == []


def test_every_twilio_adapter_fetches(api: FileHost) -> None:
    settings = account(api_base=api.url)
    file = RemoteFile(api.put(OWN, PICTURE), "image/jpeg")
    for adapter in (TwilioSms, TwilioWhatsApp, TwilioVoice):
        made = adapter(settings)
        assert isinstance(made, Fetcher)
        assert made.fetch(file) == PICTURE


def test_an_account_without_credentials_is_told() -> None:
    with pytest.raises(AccountProblem):
        twilio_media.fetch(AccountSettings("sms", "+1", ""), RemoteFile(f"https://api.twilio.com{OWN}", ""))


# ---------------------------------------------------------------- what else may come


@pytest.mark.parametrize("status, error", [
    (404, Unreachable), (410, Unreachable), (500, Unreachable), (503, Unreachable), (401, AccountProblem),
    (403, AccountProblem), (429, RetryLater), (204, Unreachable), (307, Unreachable)])
def test_what_is_no_file_is_an_error_that_says_what_to_do(api: FileHost, status: int, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        fetch(api.put(OWN, b"no", status), api_base=api.url)
    assert not isinstance(raised.value, Rejected)


def test_a_store_that_says_no_is_no_trouble_of_the_account(api: FileHost, store: FileHost) -> None:
    url = api.put(OWN, b"", 302, Location=store.put("/old", b"", 403))
    with pytest.raises(Unreachable):
        fetch(url, api_base=api.url, media_base=store.url)


def test_too_much_is_refused_by_what_is_said_and_by_what_comes(api: FileHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 1000)
    with pytest.raises(FileTooLarge):
        fetch(api.put(OWN, b"x", Content_Length="1001"), api_base=api.url)
    with pytest.raises(FileTooLarge):
        fetch(api.put(OWN, bytes(2_000_000), Content_Length="2000000"), api_base=api.url)
    api.says[OWN] = (200, {"Content-Length": "", "Connection": "close"}, bytes(2_000_000))
    with pytest.raises((FileTooLarge, Unreachable)):
        fetch(api.url + OWN, api_base=api.url)
    assert fetch(api.put(OWN, bytes(1000)), api_base=api.url) == bytes(1000)


def test_what_ends_too_early_is_no_file(api: FileHost) -> None:
    url = api.put(OWN, b"half", Content_Length="9", Connection="close")
    with pytest.raises(Unreachable):
        fetch(url, api_base=api.url)


def test_drops_do_not_keep_us_for_ever(api: FileHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_SECONDS", 0.5)
    url = api.put(OWN, bytes(100))
    api.drip[OWN] = 0.05
    with pytest.raises(Unreachable, match="too long"):
        fetch(url, api_base=api.url)


def test_nobody_there_is_unreachable(api: FileHost) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable):
        fetch(base + OWN, api_base=base)


def test_from_one_address_to_the_next_for_ever_is_refused(api: FileHost) -> None:
    url = api.put(OWN, b"", 302, Location=OWN)
    with pytest.raises(FileRefused):
        fetch(url, api_base=api.url)
    assert len(api.asked) == 4


# ---------------------------------------------------------------- nowhere else

HOSTS = (
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001",
    "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "127.127.127.127", "127.0.0.1.",  # noqa: S104 - asked for, never listened on
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fd00::1]", "[fd00:ec2::254]",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "169.254.170.2",
    "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "metadata.google.internal", "metadata", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "1.1.1.1", "8.8.8.8", "example.com", "twilio.com.example.com",
    "api.twilio.com.example.com", "api-twilio.com", "apitwilio.com", "api.twilio.com.", "API.TWILIO.COM.",
    "api.twilio.co", "xn--twilio-9ve.com", "twiliocdn.com.example.com", "evil.amazonaws.com", "s3.amazonaws.com",
    "bucket.s3-external-1.amazonaws.com", "s3-external-1.amazonaws.com.example.com", "127.0.0.1.nip.io",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "localhost%00.twilio.com", "api.twilio.com%2f@127.0.0.1", "ⓛocalhost",
)
SHAPES = (
    "http://{host}:{port}{path}", "https://{host}:{port}{path}", "http://user:pass@{host}:{port}{path}",
    "http://api.twilio.com@{host}:{port}{path}",
)
ODD = (
    "", "http", "http://", "http:///x", "//127.0.0.1:{port}/", "http:127.0.0.1:{port}/", "http:/127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\x", "http://127.0.0.1:{port}\\@api.twilio.com{path}",
    "http://api.twilio.com\\@127.0.0.1:{port}{path}", "https://api.twilio.com:443@127.0.0.1:{port}{path}",
    "https://api.twilio.com#@127.0.0.1:{port}{path}", "https://api.twilio.com?@127.0.0.1:{port}{path}",
    "https://127.0.0.1:{port}#.twiliocdn.com{path}", "https://127.0.0.1:{port}?.twiliocdn.com{path}",
    "https://127.0.0.1:{port}%23.twiliocdn.com{path}", "https://127.0.0.1:{port}/.twiliocdn.com{path}",
    "https://api.twilio.com\t@127.0.0.1:{port}{path}", "https://api.twilio.com\r\nHost: 127.0.0.1:{port}{path}",
    " https://127.0.0.1:{port}{path}", "https://127.0.0.1:{port}{path} ", "\0https://127.0.0.1:{port}",
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x",
    "dict://127.0.0.1:{port}/", "data:image/png;base64,AA==", "jar:http://127.0.0.1:{port}!/",
    "unix:/var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "javascript:alert(1)", "about:blank", "ldap://127.0.0.1:{port}/",
    "https://api.twilio.com:{port}{path}", "http://api.twilio.com{path}", "http://mms.twiliocdn.com/x",
    "https://mms.twiliocdn.com:{port}/x", "https://mms.twiliocdn.com/x", "https://s3-external-1.amazonaws.com/other/x",
    "https://api.twilio.com:99999{path}", "https://api.twilio.com:0443{path}", "https://api.twilio.com:-1{path}",
    "https://.twiliocdn.com/x", "https://a..twiliocdn.com/x", "https://[api.twilio.com]{path}", "x" * 5000,
)


def forms(port: int) -> list[str]:
    """Every way to write an address at which the trap, or somebody else, might be."""
    whole = [shape.format(host=host, port=port, path=OWN) for shape, host in itertools.product(SHAPES, HOSTS)]
    return whole + [one.replace("{port}", str(port)).replace("{path}", OWN) for one in ODD]


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Who was looked for. Every name leads to this machine."""
    looked: list[tuple[str, int]] = []

    def found(host: str, port: int) -> list[str]:
        looked.append((host, port))
        return ["127.0.0.1"]

    monkeypatch.setattr(fetching, "addresses", found)
    return looked


def test_three_hundred_addresses_and_nobody_comes_to_the_trap(trap: Trap, nowhere: list[tuple[str, int]]) -> None:
    whole = forms(trap.port)
    assert len(whole) >= 300
    for url in whole:
        with pytest.raises(FileRefused):
            fetch(url)
    assert (trap.came, nowhere) == (0, [])


def test_no_redirection_leads_to_the_trap_either(api: FileHost, trap: Trap, nowhere: list[tuple[str, int]]) -> None:
    for url in forms(trap.port):
        if not url.isascii() or not url.isprintable() or not url.strip() or ":" not in url:
            continue
        with pytest.raises((FileRefused, Unreachable)):
            fetch(api.put(OWN, b"", 302, Location=url), api_base=api.url)
    assert trap.came == 0
    assert all(path.startswith(f"/2010-04-01/Accounts/{SID}/") for path, _ in api.asked)


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.20.0.1", "169.254.169.254", "100.64.1.1", "0.0.0.0", "::1", "::",  # noqa: S104 - asked for, never listened on
    "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:0:53aa:64c::1", "224.0.0.1", "ff02::1", "255.255.255.255", "192.0.2.1", "fe80::1%lo", "no address"])
def test_a_name_of_twilio_s_that_leads_into_our_own_net_is_not_asked(
    trap: Trap, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(fetching, "addresses", answers_with(address))
    with pytest.raises(Unreachable, match="no public address"):
        fetch(f"https://api.twilio.com{OWN}")
    monkeypatch.setattr(fetching, "addresses", answers_with("93.184.216.34", address))
    with pytest.raises(Unreachable, match="no public address"):
        fetch(f"https://api.twilio.com{OWN}")
    assert trap.came == 0


def test_a_resolver_that_changes_its_mind_is_asked_once_for_each_address(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    connected: list[object] = []

    def connects(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise OSError(111, "refused")

    monkeypatch.setattr(fetching, "addresses", lambda _host, _port: next(answers))
    monkeypatch.setattr("urllib3.util.connection.create_connection", connects)
    with pytest.raises(Unreachable):
        fetch(f"https://api.twilio.com{OWN}")
    assert connected == ["93.184.216.34"]


@pytest.mark.parametrize("url", [
    "https://mms.twiliocdn.com/a?Expires=1", "https://media.twiliocdn.com/a", "https://mcs.us1.twilio.com/v1/a",
    "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/b"])
def test_twilio_may_send_on_to_its_own_stores(api: FileHost, nowhere: list[tuple[str, int]], url: str) -> None:
    with pytest.raises(Unreachable, match="no public address"):
        fetch(api.put(OWN, b"", 307, Location=url), api_base=api.url)
    with pytest.raises(FileRefused):
        fetch(url)
    assert nowhere[-1][1] == 443


def test_credentials_never_travel_in_clear_to_another_machine(nowhere: list[tuple[str, int]]) -> None:
    with pytest.raises(FileRefused):
        fetch(f"http://proxy.example:8080{OWN}", api_base="http://proxy.example:8080")
    assert nowhere == []
