"""Measures Berth on generated tenants, all ways in one run on one machine, and writes docs/benchmarks.md."""
