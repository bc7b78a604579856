"""The fleet as a live page: what `berth status` tells, kept up to date by watching the clusters, for many readers.

`watching` keeps what is known of one cluster, `fleet` makes rows of it, `board` is what all readers share, and `app`
serves that. Nothing here changes anything.
"""
