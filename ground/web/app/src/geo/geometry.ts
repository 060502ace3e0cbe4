/** Geometry on the sphere of mean earth radius: good to 0.5 %, for display only (the server measures on WGS-84). */
import type { LonLat } from "../picture/types";

const EARTH_RADIUS_M = 6_371_008.8;
const RAD = Math.PI / 180;

/** Great-circle distance, m. */
export function distanceM(a: LonLat, b: LonLat): number {
  const dLat = (b[1] - a[1]) * RAD;
  const dLon = (b[0] - a[0]) * RAD;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a[1] * RAD) * Math.cos(b[1] * RAD) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Initial bearing from a to b, deg clockwise from true north, 0 up to 360. */
export function bearingDeg(a: LonLat, b: LonLat): number {
  const dLon = (b[0] - a[0]) * RAD;
  const y = Math.sin(dLon) * Math.cos(b[1] * RAD);
  const x = Math.cos(a[1] * RAD) * Math.sin(b[1] * RAD) - Math.sin(a[1] * RAD) * Math.cos(b[1] * RAD) * Math.cos(dLon);
  return (Math.atan2(y, x) / RAD + 360) % 360;
}

/** The place `distance` m from `from` along `bearing` deg. */
export function offset(from: LonLat, bearing: number, distance: number): LonLat {
  const d = distance / EARTH_RADIUS_M;
  const lat = from[1] * RAD;
  const lat2 = Math.asin(Math.sin(lat) * Math.cos(d) + Math.cos(lat) * Math.sin(d) * Math.cos(bearing * RAD));
  const dLon = Math.atan2(
    Math.sin(bearing * RAD) * Math.sin(d) * Math.cos(lat),
    Math.cos(d) - Math.sin(lat) * Math.sin(lat2),
  );
  return [from[0] + dLon / RAD, lat2 / RAD];
}

/** Length of a line, m. */
export function lengthM(line: readonly LonLat[]): number {
  return line.slice(1).reduce((sum, place, i) => sum + distanceM(line[i] ?? place, place), 0);
}

/** The part of a line still ahead of somebody at `at`: from the point of the line nearest to them. */
export function ahead(line: readonly LonLat[], at: LonLat): LonLat[] {
  let best = { segment: 0, share: 0, gap: Infinity };
  line.slice(1).forEach((end, i) => {
    const [bx, by] = localXy(end, line[i] ?? end);
    const [px, py] = localXy(at, line[i] ?? end);
    const length2 = bx * bx + by * by;
    const share = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * bx + py * by) / length2));
    const gap = Math.hypot(px - share * bx, py - share * by);
    if (gap < best.gap) best = { segment: i, share, gap };
  });
  const [a, b] = [line[best.segment], line[best.segment + 1]];
  if (!a || !b) return [...line];
  const from: LonLat = [a[0] + best.share * (b[0] - a[0]), a[1] + best.share * (b[1] - a[1])];
  return [from, ...line.slice(best.segment + 1)];
}

/** Area of a ring (open or closed), m2, never negative. */
export function areaM2(ring: readonly LonLat[]): number {
  const origin = ring[0];
  if (!origin || ring.length < 3) return 0;
  const xy = ring.map((p) => localXy(p, origin));
  const twice = xy.reduce((sum, [x, y], i) => {
    const [nx, ny] = xy[(i + 1) % xy.length] ?? [0, 0];
    return sum + x * ny - nx * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** Centre of area of a ring; of its corners when it has no area. */
export function middleOf(ring: readonly LonLat[]): LonLat {
  let [twice, x, y] = [0, 0, 0];
  const [ox, oy] = ring[0] ?? [0, 0];
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length] ?? a;
    const cross = (a[0] - ox) * (b[1] - oy) - (b[0] - ox) * (a[1] - oy);
    twice += cross;
    x += (a[0] + b[0] - 2 * ox) * cross;
    y += (a[1] + b[1] - 2 * oy) * cross;
  });
  if (twice !== 0) return [ox + x / (3 * twice), oy + y / (3 * twice)];
  const sum = (k: 0 | 1): number => ring.reduce((s, p) => s + p[k], 0) / Math.max(1, ring.length);
  return [sum(0), sum(1)];
}

/** East and north of `p` from `origin`, m, on the tangent plane. */
export function localXy(p: LonLat, origin: LonLat): [east_m: number, north_m: number] {
  const k = EARTH_RADIUS_M * RAD;
  return [(p[0] - origin[0]) * k * Math.cos(origin[1] * RAD), (p[1] - origin[1]) * k];
}

/** A camera's field of view on the ground: the place of the camera and an arc; closed. */
export function wedge(at: LonLat, headingDeg: number, hfovDeg: number, rangeM: number): LonLat[] {
  const steps = Math.max(2, Math.ceil(hfovDeg / 6));
  const arc = Array.from({ length: steps + 1 }, (_, i) =>
    offset(at, headingDeg - hfovDeg / 2 + (hfovDeg * i) / steps, rangeM),
  );
  return hfovDeg >= 360 ? closed(arc) : [at, ...arc, at];
}

/** The ring with its first corner repeated at the end, as GeoJSON wants it. */
export function closed(ring: readonly LonLat[]): LonLat[] {
  const first = ring[0];
  const last = ring.at(-1);
  if (!first || !last) return [];
  return first[0] === last[0] && first[1] === last[1] ? [...ring] : [...ring, first];
}

/** Smallest box around the places: west, south, east, north; null when there are none. */
export function boundsOf(places: readonly LonLat[]): [number, number, number, number] | null {
  if (places.length === 0) return null;
  const lons = places.map((p) => p[0]);
  const lats = places.map((p) => p[1]);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
