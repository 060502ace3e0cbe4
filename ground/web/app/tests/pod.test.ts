import type { ImageSource } from "maplibre-gl";
import { describe, expect, it } from "vitest";
import { searchFeatures } from "../src/map/overlays";
import { overlayLayers } from "../src/map/layers";
import { basemapLayers } from "../src/map/basemap";
import { paletteOf } from "../src/map/palette";
import { coverageFrom } from "../src/picture/coverage";
import { layPod, type Under } from "../src/pod/layer";
import { gradient, podFrom, type Corners } from "../src/pod/told";
import { search } from "./given/build";

const CORNERS: Corners = [[1, 43], [2, 43], [2, 42], [1, 42]];
const COLOURS = { night: ["#3a2f4f", "#b9ecd2"], day: ["#e3d5e8", "#083a5c"] };
const TOLD = { mark: "ab12", corners: CORNERS, cell_m: 10, rows: 4, cols: 5, curve: "random", mean: 0.41, colours: COLOURS };

/** A map that remembers what lies on it, lowest first. */
function surface(): Under & { laid: string[]; shown: unknown[]; painted: unknown[] } {
  const laid = [...basemapLayers(paletteOf("night")), ...overlayLayers(paletteOf("night"))].map((l) => l.id);
  const [shown, painted, sources]: [unknown[], unknown[], Map<string, unknown>] = [[], [], new Map()];
  const map = {
    laid,
    shown,
    painted,
    getLayer: (id: string) => (laid.includes(id) ? { id } : undefined),
    getSource: (id: string) => sources.get(id) as ImageSource | undefined,
    addSource: (id: string) => sources.set(id, { updateImage: (given: unknown) => shown.push(given) }),
    addLayer: (layer: { id: string }, before: string) => laid.splice(laid.indexOf(before), 0, layer.id),
    removeLayer: (id: string) => laid.splice(laid.indexOf(id), 1),
    removeSource: (id: string) => sources.delete(id),
    setPaintProperty: (...given: unknown[]) => painted.push(given),
  };
  return map as unknown as Under & typeof map;
}

describe("the POD map", () => {
  it("is read from the coverage, or is none", () => {
    expect(podFrom(TOLD)).toEqual({ mark: "ab12", corners: CORNERS, cellM: 10, mean: 0.41, colours: COLOURS });
    const none = [
      null, {}, { ...TOLD, corners: CORNERS.slice(1) }, { ...TOLD, corners: [[1, null], ...CORNERS.slice(1)] },
      { ...TOLD, colours: { night: COLOURS.night } }, { ...TOLD, colours: { ...COLOURS, day: ["red;", "#083a5c"] } }, { ...TOLD, mean: "0.4" },
    ];
    for (const wrong of none) expect(podFrom(wrong)).toBeNull();
    const coverage = { type: "FeatureCollection", search: "q1", features: [], figures: {}, again: [] };
    expect(coverageFrom({ ...coverage, pod_map: TOLD })?.pod?.mark).toBe("ab12");
    expect(coverageFrom(coverage)?.pod).toBeNull();
  });

  it("has a legend that runs as its colours do", () => {
    expect(gradient(COLOURS.day)).toBe("linear-gradient(to right, #e3d5e8, #083a5c)");
  });

  it("lies under lines, gaps, marks and names, and over the ground; is renewed in its place and taken off", () => {
    const map = surface();
    const [first, second] = [{}, {}] as [ImageBitmap, ImageBitmap];
    const before = [...map.laid];
    layPod(map, null, 0.5);
    layPod(map, { image: first, corners: CORNERS }, 0.5);
    const at = map.laid.indexOf("pod");
    for (const under of ["base-forest", "base-water"]) expect(map.laid.indexOf(under)).toBeLessThan(at);
    for (const above of ["base-road", "base-label-place", "search-area", "gap-fill", "path-flying", "sighting-dot"]) {
      expect(map.laid.indexOf(above)).toBeGreaterThan(at);
    }
    layPod(map, { image: second, corners: CORNERS }, 0.7);
    expect(map.laid.filter((id) => id === "pod")).toHaveLength(1);
    expect(map.shown).toEqual([{ image: first, coordinates: CORNERS }, { image: second, coordinates: CORNERS }]);
    expect(map.painted.at(-1)).toEqual(["pod", "raster-opacity", 0.7]);
    layPod(map, null, 0.7);
    expect(map.laid).toEqual(before);
    expect(map.getSource("pod")).toBeUndefined();
  });

  it("takes the place of the swept ground of the searches it is of", () => {
    const swept = { type: "MultiPolygon" as const, coordinates: [[[[0, 0], [1, 0], [1, 1], [0, 0]]]] };
    const all = ["a", "b"].map((id) => search({ id, swept, state: "flying" }));
    expect(searchFeatures(all, "a").features).toHaveLength(2);
    expect(searchFeatures(all, "a", ["a"]).features).toHaveLength(1);
  });
});
