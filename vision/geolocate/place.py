"""A pixel's place on the ground and how far off it may be.

The error comes from a numeric Jacobian of the ray's meeting point with the ground's tangent plane. Its columns are
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
from vision.geolocate.march import WORDS, Ground, Miss, first_hits, frame_near
from vision.geolocate.rays import pixel_directions, pose_axes, turned

COMMON = 8
"""Leading columns of Placed.jacobian: the errors common to the views of one pass."""
STILL = Velocity(*(3 * [0.0]))  # type: ignore[arg-type]
RING_POINTS = 12


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


def place_pixel(sight: Sight, pixel: tuple[float, float], pixel_sigma: float, terrain: Terrain) -> Placed | Missed:
    """The place where the ray of `pixel` (column, row) first meets the ground; pixel_sigma in px."""
    ground = Ground(terrain, frame_near(sight.pose.place))
    axes = pose_axes(sight.pose)
    origin = _origin(sight.pose, ground)
    ray = pixel_directions(sight.camera, np.array([pixel])) @ axes.T
    distance, miss = first_hits(origin, ray, ground)
    if miss[0] != Miss.NONE:
        return Missed(WORDS[Miss(miss[0])])
    point = origin + ray[0] * distance[0]
    jacobian = _jacobian(sight, np.array(pixel), (point, ground.normal(point)), origin)
    if not np.isfinite(jacobian).all():
        return Missed("the ray grazes the ground")
    e = sight.error
    tilt = math.radians(e.tilt_deg)
    sigmas = [e.horizontal_m, e.horizontal_m, e.vertical_m, math.radians(e.heading_deg), tilt, tilt, e.time_s]
    place = ground.frame.to_latlon(float(point[0]), float(point[1]))
    return Placed(place, float(distance[0]), jacobian, np.array([*sigmas, terrain.sigma_m, pixel_sigma, pixel_sigma]))


def place_box(sight: Sight, box: Box, terrain: Terrain, sigma_px: float | None = None) -> Placed | Missed:
    """Where the person in a box stands: the box's middle seen from above, its foot when seen from the side.

    `sigma_px` None: the pixel's standard error is a quarter of the box (half a body), at least 1 px.
    """
    column = box.x_px + (box.width_px - 1.0) / 2.0
    row = box.y_px + (box.height_px - 1.0) / 2.0
    ray = pixel_directions(sight.camera, np.array([[column, row]]))[0] @ pose_axes(sight.pose).T
    level = math.hypot(ray[0], ray[1])
    foot = row + (box.height_px - 1.0) / 2.0 * level
    if sigma_px is None:
        sigma_px = max(1.0, 0.25 * min(box.width_px, box.height_px))
    return place_pixel(sight, (column, foot), sigma_px, terrain)


def _origin(pose: Pose, ground: Ground) -> Floats:
    return np.array([*ground.frame.to_xy(pose.place), pose.place.alt_amsl_m])


def _jacobian(sight: Sight, pixel: Floats, plane: tuple[Floats, Floats], origin: Floats) -> Floats:
    """(2, 10) central differences of the ray's meeting point with the plane (point, normal)."""
    axes = pose_axes(sight.pose)
    h = math.radians(sight.pose.heading_deg)
    spins = (
        np.array([0.0, 0.0, 1.0]),
        np.array([math.cos(h), -math.sin(h), 0.0]),
        np.array([math.sin(h), math.cos(h), 0.0]),
    )
    v = sight.velocity
    motion = np.array([v.east_mps, v.north_mps, -v.down_mps])
    ray = pixel_directions(sight.camera, pixel[None])[0]

    def met(shift: Floats, turned_axes: Floats, local_ray: Floats, lift: float = 0.0) -> Floats:
        d = turned_axes @ local_ray
        point, normal = plane
        o = origin + shift
        down = float(d @ normal)
        t = ((point + np.array([0.0, 0.0, lift]) - o) @ normal) / down if down < -1e-6 else np.nan
        return np.asarray((o + d * t)[:2], dtype=np.float64)

    none, step, small = np.zeros(3), 0.1, 1e-4
    columns = [(met(e * step, axes, ray) - met(-e * step, axes, ray)) / (2 * step) for e in np.eye(3)]
    columns += [
        (met(none, turned(axes, s, small), ray) - met(none, turned(axes, s, -small), ray)) / (2 * small) for s in spins
    ]
    columns.append((met(motion * step, axes, ray) - met(-motion * step, axes, ray)) / (2 * step))
    columns.append((met(none, axes, ray, step) - met(none, axes, ray, -step)) / (2 * step))
    for side in np.eye(2) * 0.5:
        two = pixel_directions(sight.camera, np.array([pixel + side, pixel - side]))
        columns.append(met(none, axes, two[0]) - met(none, axes, two[1]))
    return np.column_stack(columns)


def footprint(pose: Pose, camera: Camera, terrain: Terrain) -> tuple[LatLon, ...]:
    """Ground under the image's border: RING_POINTS places clockwise from the top-left, three a side, not closed.

    Points whose rays miss the ground are left out; with fewer than 3 left the answer is empty.
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
    if hit.sum() < 3:
        return ()
    lonlat = ground.frame.to_lonlat_many((origin + rays[hit] * distance[hit, None])[:, :2])
    return tuple(LatLon(float(lat), float(lon)) for lon, lat in lonlat)


def ground_sampling_m(pose: Pose, camera: Camera, terrain: Terrain) -> float | None:
    """Metres on the ground across the line of sight that one pixel at the image's centre spans; None: no ground."""
    ground = Ground(terrain, frame_near(pose.place))
    centre = np.array([[(camera.width_px - 1) / 2.0, (camera.height_px - 1) / 2.0]])
    distance, miss = first_hits(_origin(pose, ground), pixel_directions(camera, centre) @ pose_axes(pose).T, ground)
    return float(distance[0]) / camera.focal_px if miss[0] == Miss.NONE else None
