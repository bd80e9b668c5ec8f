"""The desk against the smallest program that does the same raw work, interleaved on this machine.

Absolute figures say something about one machine; the ratios inside one run say something about the
program. `make bench` measures, writes docs/benchmarks.md and fails where a ratio that must hold does not.
"""
