"""Which of the requests that an API server counts are those of the page."""

from __future__ import annotations

from bench.status.viewers import requests_in

METRICS = """\
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",resource="deployments",verb="LIST"} 3
apiserver_request_total{code="410",resource="kustomizations",verb="WATCH"} 2
apiserver_request_total{code="200",resource="kustomizations",verb="PATCH",subresource="status"} 20
apiserver_request_total{code="200",resource="nodes",verb="GET"} 1
apiserver_request_total{code="200",resource="leases",verb="PUT"} 9
apiserver_request_total{code="200",resource="",verb="GET"} 18
# TYPE apiserver_request_terminations counter
apiserver_request_terminations_total{resource="deployments",verb="LIST"} 7
"""


def test_lists_reads_and_watches_of_the_page_s_kinds_are_counted_and_nothing_else() -> None:
    assert requests_in(METRICS) == 6
