"""A pixel's place on the ground and how far off it may be.

The error comes from the Jacobian of the ray's meeting point with the ground's tangent plane. Its columns are
eight errors that stay much the same while a drone flies past (COMMON) and two of the pixel, new in every view:

    east, north, up of the camera (m) | turn about the vertical (heading), about the camera's level right and
    level forward directions (tilt) (rad) | capture time x velocity (s) | terrain height (m) || column, row (px)

Turns are about world axes, not Euler angles: straight down, Euler heading and roll are the same turn and a sideways
tilt would be missed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from core.camera import Camera, Pose, PoseError
from core.drone import Velocity
from core.events import Box
from core.geo import Covariance, Floats, LatLon
from core.terrain import Terrain
from core.units import MetresPerSecond
from vision.geolocate.march import WORDS, Ground, Miss, first_hits, frame_near
from vision.geolocate.rays import pixel_directions, pose_axes

COMMON = 8
"""Leading columns of Placed.jacobian: the errors common to the views of one pass."""
STILL = Velocity(MetresPerSecond(0.0), MetresPerSecond(0.0), MetresPerSecond(0.0))
RING_POINTS = 12
GRAZING = 0.02
"""Sine of the least angle between ray and slope: flatter, the plane says nothing of the error."""


@dataclass(frozen=True, slots=True)
class Missed:
    """The pixel has no place on the ground that can be stood behind; why, in words."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A pixel's place. `jacobian` (2, 10): d(east, north)/d(errors), `sigmas` (10,) their standard errors
    (columns as in the module's docstring); `range_m` along the ray."""

    place: LatLon
    range_m: float
    jacobian: Floats
    sigmas: Floats

    @property
    def covariance(self) -> Covariance:
        """Of one view, all errors taken together."""
        c = (self.jacobian * self.sigmas**2) @ self.jacobian.T
        return Covariance(float(c[0, 0]), float(c[0, 1]), float(c[1, 1]))


@dataclass(frozen=True, slots=True)
class Sight:
    """One look: a camera, its pose at the capture time, how it moved, and how wrong all that may be."""

    camera: Camera
    pose: Pose
    velocity: Velocity = STILL
    error: PoseError = field(default_factory=PoseError)


def place_pixels(sight: Sight, pixels: Floats, sigmas_px: Floats, terrain: Terrain) -> tuple[Placed | Missed, ...]:
    """The places where the rays of pixels (n, 2) (column, row) first meet the ground; sigmas_px (n,) standard errors.

    All at once: a frame's detections share the march.
    """
    ground = Ground(terrain, frame_near(sight.pose.place))
    axes = pose_axes(sight.pose)
    origin = _origin(sight.pose, ground)
    rays = pixel_directions(sight.camera, pixels) @ axes.T
    distances, misses = first_hits(origin, rays, ground)
    points = origin + rays * np.nan_to_num(distances)[:, None]
    normals = ground.normals(points)
    lonlat = ground.frame.to_lonlat_many(points[:, :2])
    met = (misses == Miss.NONE) & ((rays * normals).sum(axis=1) <= -GRAZING)
    jacobians = iter(_jacobians(sight, axes, pixels[met], (rays[met], distances[met], normals[met])))
    answers: list[Placed | Missed] = []
    for k, miss in enumerate(misses):
        if not met[k]:
            answers.append(Missed(WORDS.get(Miss(miss), "the ray grazes the ground")))
            continue
        place = LatLon(float(lonlat[k, 1]), float(lonlat[k, 0]))
        sigmas = _sigmas(sight.error, terrain.sigma_m, float(sigmas_px[k]))
        answers.append(Placed(place, float(distances[k]), next(jacobians), sigmas))
    return tuple(answers)


def place_pixel(sight: Sight, pixel: tuple[float, float], pixel_sigma: float, terrain: Terrain) -> Placed | Missed:
    """One pixel, see place_pixels."""
    return place_pixels(sight, np.array([pixel], dtype=np.float64), np.array([pixel_sigma]), terrain)[0]


def foot_pixels(sight: Sight, boxes: tuple[Box, ...]) -> Floats:
    """(n, 2): where the person in a box stands: the box's middle seen from above, its foot when seen from the side."""
    corner = np.array([[b.x_px, b.y_px] for b in boxes]).reshape(-1, 2)
    half = np.array([[b.width_px - 1.0, b.height_px - 1.0] for b in boxes]).reshape(-1, 2) / 2.0
    rays = pixel_directions(sight.camera, corner + half) @ pose_axes(sight.pose).T
    level = np.hypot(rays[:, 0], rays[:, 1])
    return np.column_stack([corner[:, 0] + half[:, 0], corner[:, 1] + half[:, 1] * (1.0 + level)])


def _sigmas(error: PoseError, terrain_m: float, pixel: float) -> Floats:
    heading, tilt = math.radians(error.heading_deg), math.radians(error.tilt_deg)
    place = [error.horizontal_m, error.horizontal_m, error.vertical_m]
    return np.array([*place, heading, tilt, tilt, error.time_s, terrain_m, pixel, pixel])


def _origin(pose: Pose, ground: Ground) -> Floats:
    return np.array([*ground.frame.to_xy(pose.place), pose.place.alt_amsl_m])


def _jacobians(sight: Sight, axes: Floats, pixels: Floats, hits: tuple[Floats, Floats, Floats]) -> Floats:
    """(m, 2, 10) derivatives of the meeting points of rays (unit directions d (m, 3), distances t, ground normals n).

    On the plane, origin + t d moves by (I - d n'/(n.d)) (shift + t turn(d)); lifting the plane by one metre moves
    it along d by n_up/(n.d).
    """
    d, t, n = hits
    m, slope = len(d), (d * n).sum(axis=1)
    h = math.radians(sight.pose.heading_deg)
    v = sight.velocity
    beside = pixels[:, None, :] + np.array([[0.5, 0.0], [-0.5, 0.0], [0.0, 0.5], [0.0, -0.5]])
    looks = pixel_directions(sight.camera, beside.reshape(-1, 2)).reshape(m, 4, 3) @ axes.T
    moves = np.zeros((m, 10, 3))
    moves[:, 0:3] = np.eye(3)
    for k, about in enumerate(((0.0, 0.0, 1.0), (math.cos(h), -math.sin(h), 0.0), (math.sin(h), math.cos(h), 0.0))):
        moves[:, 3 + k] = t[:, None] * np.cross(about, d)
    moves[:, 6] = (v.east_mps, v.north_mps, -v.down_mps)
    moves[:, 8], moves[:, 9] = t[:, None] * (looks[:, 0] - looks[:, 1]), t[:, None] * (looks[:, 2] - looks[:, 3])
    onto = np.eye(3) - d[:, :, None] * n[:, None, :] / slope[:, None, None]
    moves = moves @ onto.transpose(0, 2, 1)
    moves[:, 7] = d * (n[:, 2] / slope)[:, None]
    return np.asarray(moves[:, :, :2].transpose(0, 2, 1), dtype=np.float64)


def footprint(pose: Pose, camera: Camera, terrain: Terrain) -> tuple[LatLon, ...]:
    """Ground under the image's border: RING_POINTS places clockwise from the top-left, three a side, not closed.

    Points whose rays miss the known ground are left out; with fewer than 3 left, or where the view reaches the
    horizon (it has no far edge then), the answer is empty.
    """
    right, bottom = camera.width_px - 0.5, camera.height_px - 0.5
    corners = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])
    per_side = RING_POINTS // 4
    share = (np.arange(per_side) / per_side)[:, None]
    border = np.vstack([a + (b - a) * share for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    ground = Ground(terrain, frame_near(pose.place))
    origin = _origin(pose, ground)
    rays = pixel_directions(camera, border) @ pose_axes(pose).T
    distance, miss = first_hits(origin, rays, ground)
    hit = miss == Miss.NONE
    if hit.sum() < 3 or (miss == Miss.HORIZON).any():
        return ()
    lonlat = ground.frame.to_lonlat_many((origin + rays[hit] * distance[hit, None])[:, :2])
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in lonlat)


def ground_sampling_m(pose: Pose, camera: Camera, terrain: Terrain) -> float | None:
    """Metres on the ground across the line of sight that one pixel at the image's centre spans; None: no ground."""
    ground = Ground(terrain, frame_near(pose.place))
    centre = np.array([[(camera.width_px - 1) / 2.0, (camera.height_px - 1) / 2.0]])
    distance, miss = first_hits(_origin(pose, ground), pixel_directions(camera, centre) @ pose_axes(pose).T, ground)
    return float(distance[0]) / camera.focal_px if miss[0] == Miss.NONE else None
