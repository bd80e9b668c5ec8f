"""What was measured, and whether it is enough. Pure: no servers, no clock."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

# A quick run has few, short rounds on a busy machine: it only finds what is far off.
QUICK_MARGIN = 2.0


@dataclass(frozen=True)
class Figures:
    """One side in one round. Latencies and processor time in milliseconds, memory in MiB."""

    operations: int
    seconds: float
    p50: float = 0.0
    p99: float = 0.0
    cpu: float = 0.0  # of one operation
    memory: float = 0.0

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds


Pair = tuple[Figures, Figures]  # bare, product


def figures(latencies: Sequence[float], seconds: float, cpu_seconds: float = 0.0, memory: float = 0.0) -> Figures:
    """The figures of one round from the seconds each operation took."""
    ordered = sorted(latencies)
    if not ordered:
        raise ValueError("nothing was measured")
    last = len(ordered) - 1
    return Figures(len(ordered), seconds, 1000 * ordered[last // 2], 1000 * ordered[round(last * 0.99)],
                   1000 * cpu_seconds / len(ordered), memory)


def interleaved(rounds: int, bare: Callable[[int], Figures], product: Callable[[int], Figures]) -> list[Pair]:
    """Bare, product, bare, product: whatever else the machine does meets both."""
    return [(bare(number), product(number)) for number in range(rounds)]


@dataclass(frozen=True)
class Must:
    """What a value has to be: at least (`>=`), at most (`<=`) or exactly (`=`) `value`."""

    relation: str
    value: float

    def __str__(self) -> str:
        return f"{self.relation} {self.value:g}"

    def holds(self, found: float, *, quick: bool = False) -> bool:
        """Whether `found` is enough. A quick run is lenient, except about what must be exact."""
        if self.relation == "=":
            return found == self.value
        margin = QUICK_MARGIN if quick else 1.0
        return found >= self.value / margin if self.relation == ">=" else found <= self.value * margin


@dataclass(frozen=True)
class Row:
    """One line of the result. `pairs` is what the values were made of; `absent` says why there are none."""

    goal: str
    what: str
    values: Sequence[float] = ()
    must: Must | None = None
    pairs: Sequence[Pair] = ()
    absent: str = ""
    note: str = ""
    sides: tuple[str, str] = field(default=("bare", "desk"))

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.values)

    @property
    def found(self) -> str:
        """Median with the smallest and the largest round."""
        if not self.values:
            return "–"
        if len(self.values) == 1:
            return number(self.values[0])
        return f"{number(self.median)} [{number(min(self.values))}–{number(max(self.values))}]"

    def verdict(self, *, quick: bool = False) -> str:
        """`met`, `MISSED`, or why there is neither. What was not measured is never met."""
        if self.absent:
            return self.absent
        if self.must is None:
            return "for information"
        return "met" if self.must.holds(self.median, quick=quick) else "MISSED"


def number(value: float) -> str:
    """A figure with as many digits as mean something."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratios(pairs: Sequence[Pair], of: Callable[[Figures], float]) -> list[float]:
    """Product by bare, pair by pair."""
    return [of(product) / of(bare) for bare, product in pairs]


def missed(rows: Sequence[Row], *, quick: bool = False) -> Iterator[Row]:
    """The rows whose must does not hold."""
    return (row for row in rows if row.verdict(quick=quick) == "MISSED")
