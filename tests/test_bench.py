"""The benchmarks' own arithmetic: what is too slow is reported as missed, what was not measured is never met."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.bench import load, report
from benchmarks.bench.__main__ import main
from benchmarks.bench.machine import Bench
from benchmarks.bench.results import Figures, Must, Row, figures, interleaved, missed, ratios
from tests import loopback


def _row(product_seconds: float, must: Must) -> Row:
    """A comparison whose bare side does ten operations in a second."""
    pairs = interleaved(3, lambda _: Figures(10, 1.0), lambda _: Figures(10, product_seconds))
    return Row("1", "planted", ratios(pairs, lambda one: one.rate), must, pairs)


def test_a_slow_side_is_reported_as_missed_and_a_quick_run_forgives_only_so_much() -> None:
    must = Must(">=", 0.5)
    assert [row.verdict() for row in (_row(1.0, must), _row(2.5, must))] == ["met", "MISSED"]
    assert _row(2.5, must).verdict(quick=True) == "met"
    assert _row(5.0, must).verdict(quick=True) == "MISSED"
    assert not Must("=", 0).holds(1, quick=True)
    assert Must("<=", 1.5).holds(1.5)


def test_what_was_not_measured_is_never_met_and_never_missed() -> None:
    row = Row("4", "peers", must=Must(">=", 4), absent="not run: peer not installed")
    assert row.verdict() == "not run: peer not installed"
    assert list(missed([row])) == []


def test_the_median_of_the_rounds_stands_between_the_smallest_and_the_largest() -> None:
    assert Row("1", "x", [0.5, 0.25, 2.0]).found == "0.5 [0.25–2]"
    measured = figures([0.001 * n for n in range(1, 101)], 2.0, cpu_seconds=0.5)
    assert (measured.rate, measured.p50, measured.p99, measured.cpu) == (50.0, 50.0, 99.0, 5.0)


def test_rounds_are_interleaved() -> None:
    order: list[str] = []
    interleaved(2, lambda n: order.append(f"bare {n}") or Figures(1, 1), lambda n: order.append(f"desk {n}") or
                Figures(1, 1))
    assert order == ["bare 0", "desk 0", "bare 1", "desk 1"]


@pytest.mark.parametrize("seconds, status", [(1.0, 0), (9.0, 1)])
def test_the_exit_status_comes_from_the_musts_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, status: int
) -> None:
    monkeypatch.setattr(Bench, "__enter__", lambda bench: bench)  # no servers for what is planted
    paper = tmp_path / "page.md"
    planted = {"planted": lambda _: [_row(seconds, Must(">=", 0.5))]}
    assert main(["--folder", str(tmp_path), "--paper", str(paper)], planted) == status
    page = paper.read_text()
    assert ("**MISSED**" in page) is bool(status)
    assert "peer not installed" in page
    assert "| 4 |" in page


def test_a_page_shows_both_sides_of_every_comparison() -> None:
    page = report.page("make bench", "A machine.", [_row(2.0, Must(">=", 0.5))])
    assert "| 1 | bare | 10 |" in page
    assert "| 1 | desk | 5 |" in page


class _Slow(loopback.Handler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.read()
        self.reply(200 if self.path == "/good" else 409, b"ok")


@pytest.fixture
def port() -> Iterator[int]:
    with loopback.serving(_Slow) as address:
        yield urlsplit(address).port or 0


def test_the_client_sends_every_request_once_and_keeps_every_status(port: int) -> None:
    requests = [load.post("/good", b"x")] * 40 + [load.post("/bad", b"y")] * 2
    answers = load.drive(port, requests, 4)
    assert sorted(answers.statuses) == [200] * 40 + [409] * 2
    assert len(answers.latencies) == 42
    assert answers.seconds >= max(answers.latencies)
    assert sorted(load.volley(port, requests[38:42])) == [200, 200, 409, 409]
