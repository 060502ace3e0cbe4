import { describe, expect, it } from "vitest";
import { reasonsFrom } from "../src/api/ask";
import { mapSetupFrom } from "../src/api/calls";
import { newId } from "../src/api/ids";
import { assignSlots, SLOTS, slotColour } from "../src/picture/colours";
import * as d from "../src/picture/derive";
import { emptyPicture } from "../src/picture/picture";
import { drone, incident, NOW, search, sighting, task, unit } from "./given/build";

describe("freshness", () => {
  it("tells fresh from stale from lost", () => {
    expect(d.freshness(drone(), NOW + 1)).toBe("fresh");
    expect(d.freshness(drone(), NOW + 2.6)).toBe("stale");
    expect(d.freshness(drone({ lost: true }), NOW)).toBe("lost");
    expect(d.freshness(drone({ heard_at: null }), NOW)).toBe("lost");
  });
});

describe("incidents", () => {
  const all = {
    a: incident({ id: "a", opened_at: 1 }),
    b: incident({ id: "b", opened_at: 3, state: "confirmed" }),
    c: incident({ id: "c", opened_at: 2, state: "closed" }),
  };
  it("lists newest first and sets finished ones apart", () => {
    const { live, finished } = d.sortIncidents(all);
    expect(live.map((i) => i.id)).toEqual(["b", "a"]);
    expect(finished.map((i) => i.id)).toEqual(["c"]);
  });
  it("numbers by age, and a newcomer changes no number", () => {
    expect([...d.pinNumbers(all)]).toEqual([["a", 1], ["c", 2], ["b", 3]]);
    const more = d.pinNumbers({ ...all, z: incident({ id: "z", opened_at: 9 }) });
    expect(more.get("b")).toBe(3);
    expect(more.get("z")).toBe(4);
  });
  it("finds the newest own sighting, else the cause", () => {
    const picture = emptyPicture();
    picture.sightings = {
      s1: sighting({ id: "s1", at: 1, incident: null }),
      s2: sighting({ id: "s2", at: 2, incident: "i1" }),
      s3: sighting({ id: "s3", at: 9, incident: "other" }),
    };
    expect(d.sightingOf(picture, incident())?.id).toBe("s2");
    expect(d.sightingOf(picture, incident({ id: "i2", cause: "s1" }))?.id).toBe("s1");
    expect(d.sightingOf(picture, incident({ id: "i2", cause: "alarm" }))).toBeNull();
  });
});

describe("units and tasks", () => {
  it("sorts units by distance and leaves out those with no place", () => {
    const near = d.unitsByDistance(
      { far: unit({ id: "far", lon_deg: 120.5 }), near: unit({ id: "near" }), lost: unit({ id: "lost", lat_deg: null, lon_deg: null }) },
      [120, 28.9],
    );
    expect(near.map((n) => n.unit.id)).toEqual(["near", "far"]);
    expect(near[0]?.distance_m).toBeCloseTo(973, 0);
  });
  it("finds the task under way", () => {
    const tasks = { a: task({ id: "a", state: "cleared" }), b: task({ id: "b", sent_at: NOW + 5 }), c: task({ id: "c", incident: "i2" }) };
    expect(d.openTask(tasks, "i1")?.id).toBe("b");
    expect(d.openTask(tasks, "i9")).toBeNull();
  });
  it("finds the task cleared last", () => {
    const tasks = { a: task({ id: "a", state: "cleared", cleared_at: 3 }), b: task({ id: "b", state: "cleared", cleared_at: 5 }), c: task({ id: "c" }) };
    expect(d.clearedTask(tasks, "i1")?.id).toBe("b");
    expect(d.clearedTask({}, "i1")).toBeNull();
  });
  it("counts down to arrival, never below zero, and stops on scene", () => {
    expect(d.remainingS(task(), NOW + 30)).toBe(90);
    expect(d.remainingS(task(), NOW + 500)).toBe(0);
    expect(d.remainingS(task({ state: "arrived" }), NOW)).toBeNull();
    expect(d.remainingS(task({ eta_s: null }), NOW)).toBeNull();
  });
});

describe("searches", () => {
  it("puts flying first, then planned, then the rest, newest first", () => {
    const searches = {
      old: search({ id: "old", state: "ended", accepted_at: 5 }),
      plan: search({ id: "plan", accepted_at: 3 }),
      fly: search({ id: "fly", state: "flying", accepted_at: 1 }),
      ended: search({ id: "ended", state: "ended", accepted_at: 6 }),
    };
    expect(d.sortSearches(searches).map((s) => s.id)).toEqual(["fly", "plan", "ended", "old"]);
  });
  it("takes as long as the longest sector", () => {
    const sector = { id: "a", drone: "d1", path: [], length_m: 1, state: "waiting" as const };
    const plan = { swath_m: 40, speed_mps: 12, height_agl_m: 60, cover: 1, sectors: [{ ...sector, time_s: 90 }, { ...sector, time_s: 140 }] };
    expect(d.planTimeS(search({ plan }))).toBe(140);
    expect(d.planTimeS(search())).toBeNull();
  });
  it("gives video a reference: the flying search, else a live incident, else a plan", () => {
    const picture = emptyPicture();
    expect(d.viewReference(picture)).toBeNull();
    picture.searches = { q1: search() };
    expect(d.viewReference(picture)).toEqual({ kind: "search", id: "q1" });
    picture.incidents = { i1: incident(), i2: incident({ id: "i2", state: "closed", opened_at: NOW + 9 }) };
    expect(d.viewReference(picture)).toEqual({ kind: "incident", id: "i1" });
    picture.searches = { q1: search({ state: "flying" }) };
    expect(d.viewReference(picture)).toEqual({ kind: "search", id: "q1" });
  });
});

describe("colours", () => {
  it("gives everyone a slot of their own and newcomers take nobody's", () => {
    const first = assignSlots(new Map(), ["d3", "d1"]);
    expect([...first]).toEqual([["d1", 0], ["d3", 1]]);
    const later = assignSlots(first, ["d3", "d2", "d1"]);
    expect(later.get("d1")).toBe(0);
    expect(later.get("d3")).toBe(1);
    expect(later.get("d2")).toBe(2);
    expect(assignSlots(later, ["d2"])).toBe(later);
  });
  it("repeats evenly when there are more drones than slots", () => {
    const ids = Array.from({ length: 2 * SLOTS }, (_, i) => `d${String(i).padStart(2, "0")}`);
    const slots = [...assignSlots(new Map(), ids).values()];
    for (let slot = 0; slot < SLOTS; slot++) expect(slots.filter((s) => s === slot)).toHaveLength(2);
  });
  it("has a different colour for every slot in both themes", () => {
    for (const night of [true, false]) {
      const colours = Array.from({ length: SLOTS }, (_, slot) => slotColour(slot, night));
      expect(new Set(colours).size).toBe(SLOTS);
    }
  });
});

describe("answers", () => {
  it("reads our reasons and the framework's", () => {
    expect(reasonsFrom({ accepted: false, reasons: [{ field: "area", problem: "crosses itself", fix: "redraw" }] })).toEqual([
      { field: "area", problem: "crosses itself", fix: "redraw" },
    ]);
    expect(reasonsFrom({ detail: [{ loc: ["body", "speed_mps"], msg: "too fast" }] })).toEqual([
      { field: "speed_mps", problem: "too fast", fix: "" },
    ]);
    expect(reasonsFrom(null)).toEqual([]);
  });
  it("reads the map's set-up with one tile address, many or none", () => {
    const centre = { lat_deg: 28.9, lon_deg: 120 };
    expect(mapSetupFrom({ centre, zoom: 15, tiles: null, basemap: true })).toEqual({ centre, zoom: 15, tiles: [], basemap: true });
    expect(mapSetupFrom({ centre, zoom: 15, tiles: "/t/{z}/{x}/{y}.png" }).tiles).toEqual(["/t/{z}/{x}/{y}.png"]);
  });
});

describe("who could join a search", () => {
  const replan = { at: NOW, cause: "lost", drones: ["d2"], shares: [], undone_m: 300, reason: "d2: not heard", by: "auto" };
  const flying = search({ state: "flying", replans: [replan] });
  const ready = drone({ id: "d2", phase: "grounded" });
  it("is a drone that stands ready and has nothing of it to fly, once something was dealt out again", () => {
    const drones = { d3: { ...ready, id: "d3" }, d2: ready, d1: drone() };
    expect(d.couldJoin(flying, drones, NOW).map((x) => x.id)).toEqual(["d2", "d3"]);
    expect(d.couldJoin({ ...flying, replans: [] }, drones, NOW)).toEqual([]);
    expect(d.couldJoin({ ...flying, state: "ended" }, drones, NOW)).toEqual([]);
    expect(d.couldJoin(flying, { d2: { ...ready, lost: true } }, NOW)).toEqual([]);
  });
});

describe("newId", () => {
  it("tells the minute, fits the server's rule for ids, and differs each time", () => {
    const ids = Array.from({ length: 50 }, () => newId("S", new Date(2026, 10, 22, 3, 7)));
    for (const id of ids) expect(id).toMatch(/^S-1122-0307-[a-z2-9]{4}$/);
    expect(new Set(ids).size).toBeGreaterThan(45);
  });
});
