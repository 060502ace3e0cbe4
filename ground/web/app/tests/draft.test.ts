import { describe, expect, it } from "vitest";
import { expectedSwathM, expectedTimeS, IDLE, step, type Draft, type Stroke } from "../src/map/draw/draft";
import type { LonLat } from "../src/picture/types";

const corner = (lon: number, lat: number): Stroke => ({ do: "corner", at: [lon, lat] });
const drawn = (...strokes: Stroke[]): Draft => strokes.reduce(step, IDLE);
const SQUARE = [corner(0, 0), corner(4, 0), corner(4, 4), corner(0, 4)];
const closed = drawn({ do: "start" }, ...SQUARE, { do: "close" });

describe("draft", () => {
  it("collects corners and closes with three or more", () => {
    expect(drawn({ do: "start" }, ...SQUARE.slice(0, 2), { do: "close" }).stage).toBe("outer");
    expect(closed).toMatchObject({ stage: "fixing", outer: [[0, 0], [4, 0], [4, 4], [0, 4]] });
  });

  it("takes no corners when idle or closed", () => {
    expect(step(IDLE, corner(1, 1))).toBe(IDLE);
    expect(step(closed, corner(1, 1))).toBe(closed);
  });

  it("takes back one corner at a time, and opens a closed area again", () => {
    expect(drawn({ do: "start" }, corner(0, 0), corner(1, 0), { do: "undo" }).outer).toEqual([[0, 0]]);
    expect(step(closed, { do: "undo" })).toMatchObject({ stage: "outer", outer: closed.outer });
    expect(drawn({ do: "start" }, { do: "undo" }).outer).toEqual([]);
  });

  it("draws a no-fly hole, takes it back, and cancels only the hole", () => {
    const strokes: Stroke[] = [{ do: "hole" }, corner(1, 1), corner(2, 1), corner(2, 2)];
    const inHole = strokes.reduce(step, closed);
    const holed = step(inHole, { do: "close" });
    expect(holed).toMatchObject({ stage: "fixing", holes: [[[1, 1], [2, 1], [2, 2]]], hole: [] });
    expect(step(inHole, { do: "cancel" })).toEqual(closed);
    expect(step(holed, { do: "undo" })).toEqual(inHole);
    expect(step(holed, { do: "no_holes" })).toEqual(closed);
    expect(step(holed, { do: "cancel" })).toBe(IDLE);
  });

  it("moves, inserts and removes corners of any ring, never below three", () => {
    const to: LonLat = [9, 9];
    expect(step(closed, { do: "move", corner: { ring: -1, index: 2 }, to }).outer[2]).toEqual(to);
    const more = step(closed, { do: "insert", corner: { ring: -1, index: 4 }, at: to });
    expect(more.outer).toHaveLength(5);
    expect(more.outer[4]).toEqual(to);
    const three = step(closed, { do: "remove", corner: { ring: -1, index: 0 } });
    expect(three.outer).toHaveLength(3);
    expect(step(three, { do: "remove", corner: { ring: -1, index: 0 } }).outer).toHaveLength(3);
    expect(step(closed, { do: "move", corner: { ring: 7, index: 0 }, to })).toBe(closed);
  });
});

describe("estimates", () => {
  it("takes the sweep width from height and lens", () => {
    expect(expectedSwathM(60, 45, 0)).toBeCloseTo(49.7, 1);
    expect(expectedSwathM(60, 90, 0.5)).toBeCloseTo(60, 6);
  });
  it("shares the time among drones", () => {
    expect(expectedTimeS(100_000, 50, 10, 2)).toBe(100);
    expect(expectedTimeS(100_000, 50, 10, 0)).toBe(200);
  });
});
