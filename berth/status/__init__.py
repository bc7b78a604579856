"""What should run and what runs, for every tenant in every cluster.

`collect` asks everybody at once: clusters through `asking`, Git through `history`. What they answer is kept in
`observed` and `expected`, and `rows` judges it, with what `flux`, `argocd` and `agent` know. Only those who ask know
`api` and `client`; `rows` is pure, for whoever gets to know clusters in another way, by watching them for example.
`served` and `found` ask somebody who does: a running `berth serve`, by its address, or at the place of `meeting`.

What is imported here is what status says; who asks is for those who ask to import, and takes its time.
"""

from berth.status.model import ClusterRow, Fleet, Reach, Row, State

__all__ = ["ClusterRow", "Fleet", "Reach", "Row", "State"]
