import { describe, expect, it } from "vitest";
import * as g from "../src/geo/geometry";
import { crossesItself, inside, problemOf, searchAreaM2, toPolygon } from "../src/geo/polygon";
import type { LonLat } from "../src/picture/types";

const HOME: LonLat = [120.02, 28.89];
/** A square of `side` m with its south-west corner at HOME, counter-clockwise. */
function square(side: number, at: LonLat = HOME): LonLat[] {
  const east = g.offset(at, 90, side);
  return [at, east, g.offset(east, 0, side), g.offset(at, 0, side)];
}

describe("geometry", () => {
  it("measures a degree of latitude as 111.2 km", () => {
    expect(g.distanceM([120, 28], [120, 29])).toBeCloseTo(111_195, -1);
  });

  it.each([0, 37, 90, 180, 271, 359])("goes out along %i deg and finds distance and bearing again", (bearing) => {
    for (const distance of [1, 350, 20_000]) {
      const there = g.offset(HOME, bearing, distance);
      expect(g.distanceM(HOME, there)).toBeCloseTo(distance, 3);
      expect(Math.abs(((g.bearingDeg(HOME, there) - bearing + 540) % 360) - 180)).toBeLessThan(1e-6);
    }
  });

  it("measures areas in either direction, open or closed", () => {
    const ring = square(300);
    for (const r of [ring, [...ring].reverse(), g.closed(ring)]) expect(g.areaM2(r) / 90_000).toBeCloseTo(1, 3);
    expect(g.areaM2(ring.slice(0, 2))).toBe(0);
  });

  it("measures lines", () => {
    expect(g.lengthM(square(100).slice(0, 3))).toBeCloseTo(200, 1);
    expect(g.lengthM([HOME])).toBe(0);
  });

  it("keeps the part of a line that is still ahead", () => {
    const line: LonLat[] = [[0, 0], [0.01, 0], [0.01, 0.01]];
    const rest = g.ahead(line, [0.004, 0.0003]);
    expect(rest).toHaveLength(3);
    expect(rest[0]?.[0]).toBeCloseTo(0.004, 9);
    expect(rest[0]?.[1]).toBe(0);
    expect(g.ahead(line, [0.0101, 0.006])).toHaveLength(2);
    expect(g.ahead(line, [0.01, 0.02])).toEqual([[0.01, 0.01], [0.01, 0.01]]);
    expect(g.ahead([HOME], HOME)).toEqual([HOME]);
  });

  it("draws a camera's wedge: closed, at its range, as wide as its field of view", () => {
    const wedge = g.wedge(HOME, 350, 60, 80);
    expect(wedge[0]).toEqual(wedge.at(-1));
    for (const p of wedge.slice(1, -1)) expect(g.distanceM(HOME, p)).toBeCloseTo(80, 3);
    const [first, last] = [wedge[1], wedge.at(-2)] as [LonLat, LonLat];
    expect(g.bearingDeg(HOME, first)).toBeCloseTo(320, 6);
    expect(g.bearingDeg(HOME, last)).toBeCloseTo(20, 6);
  });

  it("finds the middle of a ring, wherever it starts, open or closed", () => {
    const ring: LonLat[] = [[120, 28], [124, 28], [124, 30], [120, 30]];
    for (const r of [ring, g.closed(ring), [...ring].reverse()]) {
      expect(g.middleOf(r)[0]).toBeCloseTo(122, 9);
      expect(g.middleOf(r)[1]).toBeCloseTo(29, 9);
    }
    expect(g.middleOf([[1, 1], [3, 3]])).toEqual([2, 2]);
  });

  it("finds the box around places", () => {
    expect(g.boundsOf([[2, 5], [1, 7], [3, 6]])).toEqual([1, 5, 3, 7]);
    expect(g.boundsOf([])).toBeNull();
  });
});

describe("polygon", () => {
  const bowTie = [square(100)[0], square(100)[2], square(100)[1], square(100)[3]] as LonLat[];
  const spike: LonLat[] = [[0, 0], [2, 0], [1, 0], [1, 2]];

  it("tells a simple ring from one that crosses or folds back", () => {
    expect(crossesItself(square(100))).toBe(false);
    expect(crossesItself([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]])).toBe(false);
    expect(crossesItself(bowTie)).toBe(true);
    expect(crossesItself(spike)).toBe(true);
    expect(crossesItself([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]])).toBe(true);
    expect(crossesItself([[0, 0], [4, 0], [4, 0], [4, 4]])).toBe(true);
  });

  it("knows inside from outside, also in a notch", () => {
    const notched: LonLat[] = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
    expect(inside([2, 0.5], notched)).toBe(true);
    expect(inside([2, 2], notched)).toBe(false);
    expect(inside([5, 1], notched)).toBe(false);
  });

  it("says what is wrong with a drawing", () => {
    const hole = square(50, g.offset(g.offset(HOME, 90, 20), 0, 20));
    expect(problemOf(square(100).slice(0, 2), [])).toBe("few_corners");
    expect(problemOf(bowTie, [])).toBe("crosses");
    expect(problemOf(square(100), [hole])).toBeNull();
    expect(problemOf(square(100), [square(50, g.offset(HOME, 90, 80))])).toBe("hole_outside");
    expect(searchAreaM2(square(100), [hole])).toBeCloseTo(7500, -1);
  });

  it("writes closed rings, the outer counter-clockwise, holes clockwise, however they were drawn", () => {
    const turn = (ring: number[][]): number =>
      Math.sign(ring.slice(1).reduce((sum, p, i) => sum + (ring[i]?.[0] ?? 0) * (p[1] ?? 0) - (p[0] ?? 0) * (ring[i]?.[1] ?? 0), 0));
    const small: LonLat[] = [[1, 1], [2, 1], [2, 2], [1, 2]];
    const big: LonLat[] = [[0, 0], [4, 0], [4, 4], [0, 4]];
    for (const outer of [big, [...big].reverse()]) {
      for (const hole of [small, [...small].reverse()]) {
        const [o, h] = toPolygon(outer, [hole]).coordinates as [number[][], number[][]];
        expect(turn(o)).toBe(1);
        expect(turn(h)).toBe(-1);
        expect(o[0]).toEqual(o.at(-1));
        expect(o).toHaveLength(5);
      }
    }
  });
});
