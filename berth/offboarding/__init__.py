"""Takes a tenant out of its clusters, step by step: what it runs, what that holds, then its place.

What has been done is read from the clusters each time. So it can be interrupted anywhere, and goes on when it is asked
again.
"""
