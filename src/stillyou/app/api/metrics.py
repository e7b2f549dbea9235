"""/metrics: figures for Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from stillyou.app.api.depends import TheService
from stillyou.app.service import Service
from stillyou.app.service.tally import BUCKETS

router = APIRouter(tags=["status"])
_MEDIA = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(service: TheService) -> Response:
    """Return counts and sizes as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Figures(service))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=_MEDIA)


class _Figures(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Yield what is known of the service."""
        board = self._service.board
        tally, kept = board.tally, board.kept_bytes()
        ends = CounterMetricFamily("stillyou_edits", "Edits that ended, by state.", labels=["state"])
        for state in ("done", "failed", "cancelled"):
            ends.add_metric([state], tally.ends[state])
        yield ends
        yield CounterMetricFamily("stillyou_edits_submitted", "Edits that were taken.", value=tally.submitted)
        yield CounterMetricFamily("stillyou_edits_refused", "Edits that a full queue refused.", value=tally.refused)
        yield GaugeMetricFamily("stillyou_edits_waiting", "Edits in the queue.", value=board.waiting)
        yield GaugeMetricFamily("stillyou_edits_running", "Edits that the model works on.", value=board.running())
        yield GaugeMetricFamily("stillyou_kept_bytes", "Bytes of results that are kept.", value=kept)
        total, buckets = 0, []
        for end in (*BUCKETS, math.inf):
            total += tally.histogram[end]
            buckets.append(("+Inf" if end == math.inf else str(end), float(total)))
        yield HistogramMetricFamily(
            "stillyou_edit_seconds", "Seconds that finished edits ran.", buckets=buckets, sum_value=tally.seconds
        )
