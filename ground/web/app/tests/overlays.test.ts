import { describe, expect, it } from "vitest";
import { overlapPx2, placeLabels, type Box, type Wanted } from "../src/geo/placing";
import { IDLE, step, type Draft } from "../src/map/draw/draft";
import * as o from "../src/map/overlays";
import type { LonLat, Sector } from "../src/picture/types";
import { drone, incident, NOW, search, sighting, task, unit } from "./given/build";

const RING: LonLat[] = [[0, 0], [1, 0], [1, 1]];
const colourOf = (id: string): string => `colour of ${id}`;
const whats = (c: { features: { properties: { [name: string]: unknown } | null }[] }): unknown[] =>
  c.features.map((f) => f.properties?.["what"]);

describe("overlays", () => {
  it("draws footprints in the drone's colour, closed, and none for a lost drone", () => {
    const shown = o.footprintFeatures(
      [drone({ footprint: RING }), drone({ id: "d2", footprint: RING, lost: true }), drone({ id: "d3" })],
      colourOf,
      NOW,
    );
    expect(shown.features).toHaveLength(1);
    expect(shown.features[0]).toMatchObject({
      properties: { colour: "colour of d1", stale: false },
      geometry: { coordinates: [[...RING, RING[0]]] },
    });
  });

  it("tells when a drone goes stale", () => {
    const drones = [drone(), drone({ id: "d2", lost: true })];
    expect(o.freshnessShown(drones, NOW + 1)).toBe("fresh lost");
    expect(o.freshnessShown(drones, NOW + 5)).toBe("stale lost");
  });

  it("draws paths of running searches only, with the state of each sector", () => {
    const sector: Sector = { id: "a", drone: "d2", path: RING, length_m: 1, time_s: 1, state: "flying" };
    const plan = { swath_m: 40, speed_mps: 12, height_agl_m: 60, cover: 1, sectors: [sector, { ...sector, path: [] }] };
    const shown = o.pathFeatures([search({ plan, state: "flying" }), search({ id: "q2", plan, state: "ended" })], colourOf);
    expect(shown.features.map((f) => f.properties)).toEqual([{ state: "flying", colour: "colour of d2" }]);
  });

  it("hides ended searches but the first and the picked one", () => {
    const area = { type: "Polygon" as const, coordinates: [RING] };
    const ended = ["a", "b", "c"].map((id) => search({ id, area, state: "ended" }));
    expect(o.searchFeatures(ended, null).features).toHaveLength(1);
    expect(o.searchFeatures(ended, "c").features).toHaveLength(2);
  });

  it("hides sightings of dismissed incidents", () => {
    const incidents = { i1: incident({ state: "dismissed" }), i2: incident({ id: "i2" }) };
    const shown = o.sightingFeatures([sighting(), sighting({ id: "s2", incident: "i2" })], incidents, colourOf);
    expect(whats(shown)).toEqual(["ring", "dot"]);
  });

  it("draws routes of tasks under way only", () => {
    const units = { u1: unit() };
    const of = (state: "sent" | "arrived"): number => o.routeFeatures([task({ state })], units).features.length;
    expect([of("sent"), of("arrived"), o.routeFeatures([task()], {}).features.length]).toEqual([2, 0, 0]);
  });

  it("shows a sensor's alarm for ten minutes", () => {
    const sensor = { id: "x", name: "x", kind: "smoke", lat_deg: 0, lon_deg: 0, alarm_at: NOW };
    const at = (now: number): unknown =>
      o.siteFeatures([{ id: "s", name: "s", ring: RING, cameras: [], sensors: [sensor] }], now).features[1]?.properties?.["alarm"];
    expect([at(NOW + 599), at(NOW + 601)]).toEqual([true, false]);
    const site = { id: "s", name: "s", ring: RING, cameras: [], sensors: [sensor] };
    expect([o.alarmsShown([site], NOW + 599), o.alarmsShown([site], NOW + 601)]).toEqual(["x", ""]);
  });

  it("draws a drawing as a line, then as an area with red holes", () => {
    const corners = RING.map((at) => ({ do: "corner" as const, at }));
    const open: Draft = [{ do: "start" as const }, ...corners].reduce(step, IDLE);
    expect(whats(o.draftFeatures(open, [2, 2]))).toEqual(["area", "line", "rubber"]);
    const holed = [{ do: "close" as const }, { do: "hole" as const }, ...corners, { do: "close" as const }].reduce(step, open);
    expect(whats(o.draftFeatures(holed, null))).toEqual(["area", "line", "hole", "hole-line"]);
    expect(o.draftFeatures(IDLE, [0, 0])).toBe(o.EMPTY);
  });
});

describe("placeLabels", () => {
  const frame: Box = { x: 0, y: 0, width: 1000, height: 800 };
  const want = (id: string, x: number, y: number): Wanted => ({ id, x, y, clear: 16, width: 110, height: 38 });
  const boxes = (wanted: Wanted[], placed: ReturnType<typeof placeLabels>): Box[] =>
    wanted.map((w) => {
      const p = placed.get(w.id);
      return { x: w.x + (p?.dx ?? 0), y: w.y + (p?.dy ?? 0), width: w.width, height: w.height };
    });

  it("puts a label alone on the right", () => {
    expect(placeLabels([want("a", 400, 400)], new Map(), frame).get("a")?.side).toBe("right");
  });

  it("keeps the labels of three drones on one road apart, and off each other's icons", () => {
    const wanted = [want("a", 400, 400), want("b", 440, 405), want("c", 480, 410)];
    const placed = boxes(wanted, placeLabels(wanted, new Map(), frame));
    placed.forEach((box, i) => {
      for (const other of placed.slice(i + 1)) expect(overlapPx2(box, other)).toBe(0);
      wanted.forEach((w, j) => {
        const icon = { x: w.x - 10, y: w.y - 10, width: 20, height: 20 };
        if (i !== j) expect(overlapPx2(box, icon)).toBe(0);
      });
    });
  });

  it("turns away from the edge of the frame", () => {
    expect(placeLabels([want("a", 980, 400)], new Map(), frame).get("a")?.side).toBe("left");
  });

  it("leaves out optional labels that would cover others, never one that must show", () => {
    const crowd = Array.from({ length: 40 }, (_, k) => ({
      ...want(`i${k}`, 300 + (k % 8) * 24, 300 + Math.floor(k / 8) * 24),
      optional: true,
    }));
    const wanted = [...crowd, want("d1", 380, 350)];
    const placed = placeLabels(wanted, new Map(), frame);
    const shown = wanted.filter((w) => !placed.get(w.id)?.hidden);
    expect(shown.map((w) => w.id)).toContain("d1");
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.length).toBeLessThan(wanted.length);
    const all = boxes(shown, placed);
    all.forEach((box, i) => {
      const area = box.width * box.height;
      for (const other of all.slice(i + 1)) expect(overlapPx2(box, other)).toBeLessThan(0.16 * area);
    });
  });

  it("stays on its side while that is no worse", () => {
    const before = new Map([["a", "left" as const]]);
    expect(placeLabels([want("a", 400, 400)], before, frame).get("a")?.side).toBe("left");
  });
});
