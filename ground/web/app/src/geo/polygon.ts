/** Is a drawn ring a simple polygon? Plane geometry in degrees is enough for that at the size of a search. */
import type { Polygon } from "geojson";
import type { LonLat } from "../picture/types";
import { areaM2, closed } from "./geometry";

/** Whether any two sides that share no corner cross, or a corner is repeated. `ring` is open. */
export function crossesItself(ring: readonly LonLat[]): boolean {
  const n = ring.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const [a, b, c, d] = [ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n]];
      if (!a || !b || !c || !d) continue;
      const neighbours = j === i + 1 || (i === 0 && j === n - 1);
      if (neighbours ? n > 2 && foldsBack(neighbourTriple(ring, i, j)) : crosses(a, b, c, d)) return true;
    }
  }
  return false;
}

/** The three corners of two sides that meet: outer, shared, outer. */
function neighbourTriple(ring: readonly LonLat[], i: number, j: number): [LonLat, LonLat, LonLat] {
  const n = ring.length;
  const shared = j === i + 1 ? j : 0;
  const zero: LonLat = [0, 0];
  return [ring[(shared - 1 + n) % n] ?? zero, ring[shared] ?? zero, ring[(shared + 1) % n] ?? zero];
}

/** A side that runs back over the one before it. */
function foldsBack([a, b, c]: [LonLat, LonLat, LonLat]): boolean {
  if (turn(a, b, c) !== 0) return false;
  return (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) >= 0;
}

function turn(a: LonLat, b: LonLat, c: LonLat): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

function crosses(a: LonLat, b: LonLat, c: LonLat, d: LonLat): boolean {
  const [t1, t2, t3, t4] = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (t1 !== t2 && t3 !== t4) return true;
  return (
    (t1 === 0 && between(a, b, c)) ||
    (t2 === 0 && between(a, b, d)) ||
    (t3 === 0 && between(c, d, a)) ||
    (t4 === 0 && between(c, d, b))
  );
}

function between(a: LonLat, b: LonLat, p: LonLat): boolean {
  return (
    Math.min(a[0], b[0]) <= p[0] &&
    p[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= p[1] &&
    p[1] <= Math.max(a[1], b[1])
  );
}

/** Whether `p` is inside the ring (even-odd rule). */
export function inside(p: LonLat, ring: readonly LonLat[]): boolean {
  let within = false;
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length];
    if (!b || a[1] > p[1] === b[1] > p[1]) return;
    if (p[0] < ((b[0] - a[0]) * (p[1] - a[1])) / (b[1] - a[1]) + a[0]) within = !within;
  });
  return within;
}

export type RingProblem = "few_corners" | "crosses" | "hole_outside";

/** Why the rings (outer first, then no-fly holes; open) are no search area; null when they are one. */
export function problemOf(outer: readonly LonLat[], holes: readonly (readonly LonLat[])[]): RingProblem | null {
  if ([outer, ...holes].some((ring) => ring.length < 3)) return "few_corners";
  if ([outer, ...holes].some(crossesItself)) return "crosses";
  if (holes.some((hole) => !hole.every((p) => inside(p, outer)))) return "hole_outside";
  return null;
}

/** Area of the outer ring without its holes, m2. */
export function searchAreaM2(outer: readonly LonLat[], holes: readonly (readonly LonLat[])[]): number {
  return Math.max(0, areaM2(outer) - holes.reduce((sum, hole) => sum + areaM2(hole), 0));
}

/** The rings as GeoJSON: outer counter-clockwise, holes clockwise (RFC 7946 section 3.1.6). */
export function toPolygon(outer: readonly LonLat[], holes: readonly (readonly LonLat[])[]): Polygon {
  return {
    type: "Polygon",
    coordinates: [wound(outer, true), ...holes.map((hole) => wound(hole, false))],
  };
}

function wound(ring: readonly LonLat[], counterClockwise: boolean): LonLat[] {
  const twice = ring.reduce((sum, [x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length] ?? [0, 0];
    return sum + x * ny - nx * y;
  }, 0);
  return closed(twice > 0 === counterClockwise ? ring : [...ring].reverse());
}
