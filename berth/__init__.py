"""Berth: tenants in every cluster of every cloud, from one set of files.

The core (models, render, checks) and the command line. Nothing here imports Pulumi: the program in `__main__.py` and
`components/` does, and calls the core.
"""
