"""Prometheus metrics in a registry of their own. No metric carries a name, a place or an id of a person."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ground.web.live import LivePicture


class _PictureCounts(Collector):
    """What is in the picture, counted when asked."""

    def __init__(self, live: LivePicture) -> None:
        self._live = live

    def collect(self) -> Iterable[Metric]:
        picture = self._live.picture
        yield GaugeMetricFamily("airground_log_seq", "Newest record of the log in the picture", picture.log_seq)
        lost = sum(d.state.lost(picture.now) if d.state else d.link_lost for d in picture.drones.values())
        yield GaugeMetricFamily("airground_drones", "Drones known", len(picture.drones))
        yield GaugeMetricFamily("airground_drones_lost", "Drones with a lost link", lost)
        states = Tally(i.state.value for i in picture.book.incidents.values())
        incidents = GaugeMetricFamily("airground_incidents", "Incidents by state", labels=["state"])
        for state, count in states.items():
            incidents.add_metric([state], count)
        yield incidents
        yield GaugeMetricFamily("airground_units_busy", "Units with a task", len(picture.roster.busy))
        yield from self._streams()

    def _streams(self) -> Iterable[Metric]:
        status = self._live.status()
        yield GaugeMetricFamily("airground_gateway_up", "1: the drone gateway answers", status.gateway_up)
        live = GaugeMetricFamily("airground_stream_live", "1: the video comes in", labels=["drone"])
        fps = GaugeMetricFamily("airground_stream_fps", "Pictures searched a second", labels=["drone"])
        lag = GaugeMetricFamily("airground_stream_lag_seconds", "From capture to detection", labels=["drone"])
        for drone, stream in status.streams.items():
            live.add_metric([drone], stream.state == "live")
            fps.add_metric([drone], stream.fps)
            if stream.lag_s is not None:
                lag.add_metric([drone], stream.lag_s)
        yield from (live, fps, lag)


class Metrics:
    """One registry an app."""

    def __init__(self, live: LivePicture) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "airground_http_requests", "Requests", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram("airground_http_seconds", "Time to answer", ["route"], registry=self.registry)
        self.viewers = Gauge("airground_viewers", "Open streams", ["kind"], registry=self.registry)
        self.messages = Counter("airground_stream_messages", "Messages sent", ["kind"], registry=self.registry)
        self.sign_ins = Counter("airground_sign_ins", "Sign-ins", ["outcome"], registry=self.registry)
        self.registry.register(_PictureCounts(live))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request answered. `route` is the template, so that ids make no series."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """For Prometheus."""
        return generate_latest(self.registry)
