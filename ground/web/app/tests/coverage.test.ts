import { describe, expect, it } from "vitest";
import { hatched } from "../src/map/hatch";
import { coverageFrom, coverageMark, covered, gapFeatures } from "../src/picture/coverage";
import { share, smallArea } from "../src/words/format";
import { search } from "./given/build";

const GAP = { type: "Feature", geometry: { type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }, properties: {} };
const TOLD = { type: "FeatureCollection", search: "q1", features: [GAP], figures: { seen: 0.5 }, again: [] };

describe("coverage", () => {
  it("reads the server's answer and nothing else", () => {
    expect(coverageFrom(TOLD)).toMatchObject({ search: "q1", figures: { seen: 0.5 }, gaps: [GAP] });
    for (const wrong of [null, [], {}, { ...TOLD, figures: 3 }, { ...TOLD, features: null }, { ...TOLD, again: {} }]) {
      expect(coverageFrom(wrong)).toBeNull();
    }
  });

  it("is shown for searches that fly, the newest and the picked one, once they may have flown", () => {
    const flown = { approved_at: 5, state: "ended" as const };
    const all = [search({ id: "a", ...flown }), search({ id: "b", ...flown }), search({ id: "c", ...flown, state: "flying" })];
    expect(covered(all, null).map((s) => s.id)).toEqual(["a", "c"]);
    expect(covered(all, "b").map((s) => s.id)).toEqual(["a", "b", "c"]);
    expect(covered([search({ approved_at: null })], null)).toEqual([]);
  });

  it("is asked for again when the swept ground or the state changes", () => {
    expect(coverageMark(search({ swept_fraction: 0.4 }))).not.toBe(coverageMark(search({ swept_fraction: 0.5 })));
    expect(coverageMark(search({ state: "ended" }))).not.toBe(coverageMark(search({ state: "flying" })));
  });

  it("draws the gaps of all that is shown", () => {
    const told = coverageFrom(TOLD);
    expect(told && gapFeatures([told, told]).features).toHaveLength(2);
  });
});

describe("figures", () => {
  it("never calls whole what is not", () => {
    expect([0.9999, 1, 0.57, 0.29, 0, null].map(share)).toEqual(["99.9 %", "100 %", "57 %", "29 %", "0 %", "–"]);
  });

  it("tells small gaps in square metres", () => {
    expect([7.4, 999, 25_000].map(smallArea)).toEqual(["7 m²", "999 m²", "2.5 ha"]);
  });
});

describe("hatching", () => {
  it("tiles: every row has its stripe, shifted by one", () => {
    const { width, height, data } = hatched("#ffb347");
    const strong = (x: number, y: number): boolean => (data[(y * width + x) * 4 + 3] ?? 0) > 200;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) expect(strong(x, y)).toBe(strong((x + 1) % width, (y + width - 1) % width));
    }
    expect([...data.slice(0, 3)]).toEqual([0xff, 0xb3, 0x47]);
  });
});
