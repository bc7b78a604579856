"""Berth: tenants in every cluster of every cloud, from one set of files.

The core (models, render, checks) and the command line. Of it, only `berth.plan` imports Pulumi, to run the
program under mocks; `__main__.py` and `components/` do, and call the core.
"""
