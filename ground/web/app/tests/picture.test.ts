import { describe, expect, it } from "vitest";
import { parseMessage } from "../src/picture/parse";
import { apply, emptyPicture, NOTHING, type Mirror } from "../src/picture/picture";
import type { Delta, Drop, Picture, Put, Snapshot } from "../src/picture/types";
import { drone, incident, unit } from "./given/build";

const snapshot = (seq: number, picture: Partial<Picture> = {}): Snapshot => ({
  type: "snapshot",
  seq,
  picture: { ...emptyPicture(), ...picture },
});
const delta = (seq: number, put: Put = {}, drop: Drop = {}): Delta => ({ type: "delta", seq, put, drop });

function shown(...messages: (Snapshot | Delta)[]): Mirror {
  return messages.reduce((mirror, message) => apply(mirror, message).mirror, NOTHING);
}

describe("apply", () => {
  it("shows a snapshot, then deltas in order", () => {
    const mirror = shown(
      snapshot(1, { drones: { d1: drone() } }),
      delta(2, { drones: { d2: drone({ id: "d2" }) } }),
      delta(3, { drones: { d1: drone({ battery_left: 0.5 }) } }),
    );
    expect(Object.keys(mirror.picture.drones)).toEqual(["d1", "d2"]);
    expect(mirror.picture.drones["d1"]?.battery_left).toBe(0.5);
    expect(mirror).toMatchObject({ seq: 3, whole: true });
  });

  it("drops what is gone and leaves the rest", () => {
    const mirror = shown(
      snapshot(1, { units: { a: unit({ id: "a" }), b: unit({ id: "b" }) } }),
      delta(2, {}, { units: ["a", "nobody"] }),
    );
    expect(Object.keys(mirror.picture.units)).toEqual(["b"]);
  });

  it("takes parts of the server's own state", () => {
    const mirror = shown(snapshot(1), delta(2, { server: { time: 7, gateway: "up" } }), delta(3, { server: { time: 8 } }));
    expect(mirror.picture.server).toMatchObject({ time: 8, gateway: "up" });
  });

  it("keeps the identity of collections a delta does not touch, and never changes the old picture", () => {
    const before = shown(snapshot(1, { incidents: { i1: incident() }, drones: { d1: drone() } }));
    const after = apply(before, delta(2, { drones: { d1: drone({ above_home_m: 70 }) } })).mirror;
    expect(after.picture.incidents).toBe(before.picture.incidents);
    expect(before.picture.drones["d1"]?.above_home_m).toBe(62);
  });

  it.each([2, 1, 4, 9])("finds a gap: after 2 comes %i, keeps the old picture and waits for a snapshot", (seq) => {
    const before = shown(snapshot(1, { drones: { d1: drone() } }), delta(2));
    const gap = apply(before, delta(seq, { drones: { d2: drone({ id: "d2" }) } }));
    expect(gap.did).toBe("gap");
    expect(gap.mirror.whole).toBe(false);
    expect(gap.mirror.picture).toBe(before.picture);
    const still = apply(gap.mirror, delta(3));
    expect(still.did).toBe("waiting");
    const healed = apply(still.mirror, snapshot(40, { drones: { d2: drone({ id: "d2" }) } }));
    expect(healed).toMatchObject({ did: "shown", mirror: { seq: 40, whole: true } });
    expect(Object.keys(healed.mirror.picture.drones)).toEqual(["d2"]);
    expect(apply(healed.mirror, delta(41)).did).toBe("shown");
  });

  it("shows no delta before the first snapshot", () => {
    expect(apply(NOTHING, delta(1)).did).toBe("waiting");
  });
});

describe("parseMessage", () => {
  it("reads what the server writes", () => {
    const text = JSON.stringify({ type: "delta", seq: 3, put: { drones: { d1: drone() } }, drop: { units: ["u1"] } });
    expect(parseMessage(text)).toEqual(delta(3, { drones: { d1: drone() } }, { units: ["u1"] }));
  });

  it("fills in collections that a snapshot leaves out, and passes over names it does not know", () => {
    const read = parseMessage('{"type":"snapshot","seq":1,"picture":{"drones":{},"weather":{"w":1}}}');
    expect(read).toEqual(snapshot(1));
  });

  it.each(["", "x", "null", "[]", "{}", '{"type":"delta"}', '{"type":"snapshot","seq":1}', '{"type":"hello","seq":1}'])(
    "answers null to %j",
    (text) => expect(parseMessage(text)).toBeNull(),
  );
});
