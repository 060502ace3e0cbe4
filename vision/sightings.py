"""The desk of one stream: a searched frame and the drone's telemetry in, sightings out. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from core.camera import Camera, Pose, PoseError
from core.drone import DroneState
from core.events import Box, SightingMade
from core.footprint import Footprint
from core.geo import LocalFrame
from core.ids import DroneId, SightingId, TrackId
from core.terrain import Terrain
from core.units import UtcSeconds
from vision.geolocate.place import COMMON, STILL, Placed, Sight, foot_pixels, footprint, ground_sampling_m, place_pixels
from vision.geolocate.pose_track import PoseTrack
from vision.messages import Found, Spot
from vision.track.fuse import view_of
from vision.track.tracker import Seen, Told, TrackRule, Tracks, step

LOWEST_M = 15.0
"""Below this height above home, or on the ground, what the camera sees is no search: crew, cars, the launch site."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What the desk has to know of a stream: whose it is, its camera, its pose's errors, the detector's name."""

    drone: DroneId
    camera: Camera
    error: PoseError = field(default_factory=PoseError)
    detector: str = "hot-spot/1"
    rule: TrackRule = field(default_factory=TrackRule)


class SightingDesk:
    """Folds frames and telemetry of one stream into tracks. `new_id` makes ids from a kind ("sighting", "track")."""

    def __init__(self, facts: StreamFacts, terrain: Terrain, new_id: Callable[[str], str]) -> None:
        self._facts, self._terrain, self._new_id = facts, terrain, new_id
        self._poses = PoseTrack()
        self._state: DroneState | None = None
        self._frame: LocalFrame | None = None
        self._tracks = Tracks()
        self.unplaced = 0
        """Frames with detections that were not placed: no pose, not searching, or nobody is looked for there."""

    def heard(self, state: DroneState) -> None:
        """Take a drone's telemetry; another drone's is ignored."""
        if state.drone == self._facts.drone:
            self._poses.heard(state)
            self._state = state

    def searching(self) -> bool:
        """Whether the drone is in the air and high enough for what it sees to count. Unknown is no."""
        s = self._state
        if s is None or (s.in_air is not None and not s.in_air.value):
            return False
        if s.above_home_m is not None:
            return s.above_home_m.value >= LOWEST_M
        if s.place is not None and s.home is not None:
            return s.place.value.alt_amsl_m - s.home.value.alt_amsl_m >= LOWEST_M
        return False

    def footprint_at(self, at: UtcSeconds) -> Footprint | None:
        """What the camera saw of the ground at `at`; None when not searching, without a pose or without ground."""
        pose = self._poses.pose_at(at) if self.searching() else None
        ring = footprint(pose, self._facts.camera, self._terrain) if pose is not None else ()
        return Footprint(self._facts.drone, at, ring) if ring else None

    def scale_at(self, at: UtcSeconds) -> float | None:
        """Metres a pixel spans at the image's centre; None when unknown."""
        pose = self._poses.pose_at(at) if self.searching() else None
        return ground_sampling_m(pose, self._facts.camera, self._terrain) if pose is not None else None

    def decide(self, found: Found) -> tuple[SightingMade, ...]:
        """Sightings that a frame gives cause to tell of. One without spots changes nothing: tracks age by time."""
        if not found.spots:
            return ()
        at = UtcSeconds(found.at)
        pose = self._poses.pose_at(at) if self.searching() else None
        if pose is None:
            self.unplaced += 1
            return ()
        if self._frame is None:
            self._frame = LocalFrame(pose.place.ground)
        sight = Sight(self._facts.camera, pose, self._poses.velocity_at(at) or STILL, self._error())
        self._tracks, told = step(
            self._tracks,
            self._seen(found, sight, self._frame),
            at,
            self._facts.rule,
            lambda: TrackId(self._new_id("track")),
        )
        return tuple(self._sighting(t, found, pose, self._frame) for t in told)

    def _error(self) -> PoseError:
        """The stated errors; a receiver that reports a larger one is believed, a smaller one is not."""
        error, gnss = self._facts.error, self._state.gnss if self._state is not None else None
        sigma = gnss.value.horizontal_sigma_m if gnss is not None else None
        return error if sigma is None else replace(error, horizontal_m=min(max(error.horizontal_m, sigma), 1e4))

    def _seen(self, found: Found, sight: Sight, frame: LocalFrame) -> tuple[Seen[Spot], ...]:
        """The spots on the ground; a person's middle is known to a quarter of the box, a large thing's to half."""
        boxes = tuple(_box(spot, found, sight.camera) for spot in found.spots)
        sigmas = [_sigma_px(b, s.label == "Person") for b, s in zip(boxes, found.spots, strict=True)]
        placed = place_pixels(sight, foot_pixels(sight, boxes), np.array(sigmas), self._terrain)
        seen = []
        for spot, where in zip(found.spots, placed, strict=True):
            if isinstance(where, Placed):
                xy = np.array(frame.to_xy(where.place))
                view = view_of(found.at, xy, where.jacobian, where.sigmas, COMMON)
                seen.append(Seen(view, spot.score, spot.label == "Person", spot, spot.level))
        return tuple(seen)

    def _sighting(self, told: Told[Spot], found: Found, pose: Pose, frame: LocalFrame) -> SightingMade:
        track, spot = told.track, told.seen.tag
        x, y = track.estimate.mean
        return SightingMade(
            sighting=SightingId(self._new_id("sighting")),
            track=track.track,
            drone=self._facts.drone,
            at=UtcSeconds(found.at),
            place=frame.to_latlon(float(x), float(y)),
            covariance=track.estimate.covariance,
            score=track.score,
            views=track.views,
            detector=self._facts.detector,
            pose=pose,
            box=_box(spot, found, self._facts.camera),
            chip=spot.chip,
        )


def _box(spot: Spot, found: Found, camera: Camera) -> Box:
    """A spot's box in px of the stated camera, whatever size the video has."""
    fx, fy = camera.width_px / found.width_px, camera.height_px / found.height_px
    return Box(spot.x_px * fx, spot.y_px * fy, spot.width_px * fx, spot.height_px * fy)


def _sigma_px(box: Box, person: bool) -> float:
    if person:
        return max(1.0, 0.25 * min(box.width_px, box.height_px))
    return max(box.width_px, box.height_px) / 2.0
