/** Layers of the base map, drawn from /api/v1/basemap.geojson. Labels need no glyph files: without a `glyphs`
 * address MapLibre draws every character from the fonts of this machine. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Palette } from "./palette";

export const BASEMAP = "basemap";
/** Names of areas as points: from the areas themselves every map tile would repeat them. */
export const NAMES = "names";
export const FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Noto Sans", "sans-serif"];

const kind = (...names: string[]): ExpressionSpecification => ["in", ["get", "kind"], ["literal", names]];

/** Every 50 m a contour is drawn stronger and carries its height. */
const INDEX: ExpressionSpecification = ["==", ["%", ["to-number", ["get", "height_m"], 1], 50], 0];

/** Width in px at zooms 12, 15 and 18. */
function width(far: number, mid: number, near: number): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.6], ["zoom"], 12, far, 15, mid, 18, near];
}

export function basemapLayers(p: Palette): LayerSpecification[] {
  return [...ground(p), ...lines(p), ...built(p), ...labels(p)];
}

function ground(p: Palette): LayerSpecification[] {
  const fill = (name: string, colour: string): LayerSpecification => ({
    id: `base-${name}`,
    type: "fill",
    source: BASEMAP,
    filter: kind(name),
    paint: { "fill-color": colour },
  });
  return [
    fill("field", p.field),
    fill("residential", p.residential),
    fill("forest", p.forest),
    {
      id: "base-forest-edge",
      type: "line",
      source: BASEMAP,
      filter: kind("forest"),
      paint: { "line-color": p.forestEdge, "line-width": width(0.5, 1, 1.5) },
    },
    fill("compound", p.compound),
    fill("water", p.water),
    {
      id: "base-contour",
      type: "line",
      source: BASEMAP,
      filter: kind("contour"),
      layout: { "line-join": "round" },
      paint: { "line-color": p.contour, "line-width": ["case", INDEX, 1.3, 0.6] },
    },
  ];
}

function lines(p: Palette): LayerSpecification[] {
  const rounded = { "line-cap": "round", "line-join": "round" } as const;
  return [
    {
      id: "base-track",
      type: "line",
      source: BASEMAP,
      filter: kind("track"),
      layout: { "line-join": "round" },
      paint: { "line-color": p.track, "line-width": width(0.8, 1.6, 4), "line-dasharray": [3, 1.6] },
    },
    {
      id: "base-road-casing",
      type: "line",
      source: BASEMAP,
      filter: kind("road"),
      layout: rounded,
      paint: { "line-color": p.casing, "line-width": width(2, 6, 20) },
    },
    {
      id: "base-road",
      type: "line",
      source: BASEMAP,
      filter: kind("road"),
      layout: rounded,
      paint: { "line-color": p.road, "line-width": width(1, 4, 16) },
    },
  ];
}

function built(p: Palette): LayerSpecification[] {
  return [
    {
      id: "base-building",
      type: "fill",
      source: BASEMAP,
      filter: kind("building"),
      minzoom: 13,
      paint: { "fill-color": p.building, "fill-outline-color": p.buildingEdge },
    },
    {
      id: "base-compound-edge",
      type: "line",
      source: BASEMAP,
      filter: kind("compound"),
      paint: { "line-color": p.compoundEdge, "line-width": width(0.8, 1.4, 2.4), "line-dasharray": [4, 2] },
    },
  ];
}

function labels(p: Palette): LayerSpecification[] {
  const paint = { "text-color": p.label, "text-halo-color": p.halo, "text-halo-width": 1.4 };
  return [
    {
      id: "base-label-contour",
      type: "symbol",
      source: BASEMAP,
      filter: ["all", kind("contour"), INDEX],
      minzoom: 13,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 700,
        "text-field": ["concat", ["to-string", ["round", ["to-number", ["get", "height_m"]]]], " m"],
        "text-font": FONTS,
        "text-size": 10,
      },
      paint: { ...paint, "text-color": p.contourLabel },
    },
    {
      id: "base-label-road",
      type: "symbol",
      source: BASEMAP,
      filter: ["all", kind("road", "track"), ["has", "name"]],
      minzoom: 13.5,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 360,
        "text-field": ["get", "name"],
        "text-font": FONTS,
        "text-size": 11.5,
      },
      paint,
    },
    {
      id: "base-label-place",
      type: "symbol",
      source: NAMES,
      layout: { "text-field": ["get", "name"], "text-font": FONTS, "text-size": 12.5, "text-max-width": 9 },
      paint,
    },
  ];
}
