/** Layers of what moves and happens, above the base map. Colours that belong to a drone ride on the features. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { hatchName } from "./hatch";
import type { Palette } from "./palette";

export const OVERLAYS = ["sites", "searches", "gaps", "paths", "footprints", "sightings", "incidents", "routes", "draft"] as const;
export type Overlay = (typeof OVERLAYS)[number];

const what = (name: string): ExpressionSpecification => ["==", ["get", "what"], name];
const rounded = { "line-cap": "round", "line-join": "round" } as const;

export function overlayLayers(p: Palette): LayerSpecification[] {
  return [...sites(p), ...searches(p), ...gaps(p), ...paths(p), ...seen(p), ...routes(p), ...draft(p)];
}

function sites(p: Palette): LayerSpecification[] {
  return [
    {
      id: "site-ring",
      type: "line",
      source: "sites",
      filter: what("site"),
      paint: { "line-color": p.compoundEdge, "line-width": 2 },
    },
    {
      id: "site-wedge",
      type: "fill",
      source: "sites",
      filter: what("wedge"),
      paint: { "fill-color": p.camera, "fill-opacity": 0.16 },
    },
    {
      id: "site-wedge-edge",
      type: "line",
      source: "sites",
      filter: what("wedge"),
      paint: { "line-color": p.camera, "line-width": 1, "line-opacity": 0.55 },
    },
    {
      id: "site-camera",
      type: "circle",
      source: "sites",
      filter: what("camera"),
      paint: { "circle-radius": 4, "circle-color": p.camera, "circle-stroke-width": 1.5, "circle-stroke-color": p.outline },
    },
    {
      id: "site-sensor",
      type: "circle",
      source: "sites",
      filter: what("sensor"),
      paint: {
        "circle-radius": ["case", ["get", "alarm"], 7, 3.5],
        "circle-color": ["case", ["get", "alarm"], p.hazard, p.halo],
        "circle-stroke-width": 1.5,
        "circle-stroke-color": ["case", ["get", "alarm"], p.outline, p.sensor],
      },
    },
  ];
}

function searches(p: Palette): LayerSpecification[] {
  return [
    {
      id: "swept-fill",
      type: "fill",
      source: "searches",
      filter: what("swept"),
      paint: { "fill-color": p.swept, "fill-opacity": 0.22 },
    },
    {
      id: "search-area",
      type: "line",
      source: "searches",
      filter: ["all", what("area"), ["!", ["get", "ended"]]],
      layout: rounded,
      paint: { "line-color": p.area, "line-width": 2, "line-opacity": 0.85 },
    },
    {
      id: "search-area-ended",
      type: "line",
      source: "searches",
      filter: ["all", what("area"), ["get", "ended"]],
      paint: { "line-color": p.area, "line-width": 1.2, "line-opacity": 0.45, "line-dasharray": [2, 3] },
    },
  ];
}

function gaps(p: Palette): LayerSpecification[] {
  return [
    { id: "gap-fill", type: "fill", source: "gaps", paint: { "fill-pattern": hatchName(p.gap), "fill-opacity": 0.75 } },
    { id: "gap-edge", type: "line", source: "gaps", layout: rounded, paint: { "line-color": p.gap, "line-width": 1.4 } },
  ];
}

function paths(p: Palette): LayerSpecification[] {
  const state = (...names: string[]): ExpressionSpecification => ["in", ["get", "state"], ["literal", names]];
  return [
    {
      id: "path-casing",
      type: "line",
      source: "paths",
      filter: state("flying"),
      layout: rounded,
      paint: { "line-color": p.halo, "line-width": 4, "line-opacity": 0.5 },
    },
    {
      id: "path-waiting",
      type: "line",
      source: "paths",
      filter: state("waiting"),
      paint: { "line-color": ["get", "colour"], "line-width": 1.5, "line-dasharray": [3, 2] },
    },
    {
      id: "path-flying",
      type: "line",
      source: "paths",
      filter: state("flying"),
      layout: rounded,
      paint: { "line-color": ["get", "colour"], "line-width": 1.8 },
    },
    {
      id: "path-done",
      type: "line",
      source: "paths",
      filter: state("swept"),
      paint: { "line-color": ["get", "colour"], "line-width": 1, "line-opacity": 0.4 },
    },
    {
      id: "path-failed",
      type: "line",
      source: "paths",
      filter: state("failed"),
      paint: { "line-color": p.hazard, "line-width": 1.5, "line-dasharray": [1, 2.5] },
    },
  ];
}

function seen(p: Palette): LayerSpecification[] {
  return [
    {
      id: "footprint-fill",
      type: "fill",
      source: "footprints",
      paint: { "fill-color": ["get", "colour"], "fill-opacity": ["case", ["get", "stale"], 0.05, 0.16] },
    },
    {
      id: "footprint-edge",
      type: "line",
      source: "footprints",
      layout: rounded,
      paint: { "line-color": ["get", "colour"], "line-width": 1.6, "line-opacity": ["case", ["get", "stale"], 0.4, 0.95] },
    },
    {
      id: "sighting-ring",
      type: "line",
      source: "sightings",
      filter: what("ring"),
      paint: { "line-color": ["get", "colour"], "line-width": 1.2, "line-opacity": 0.75 },
    },
    {
      id: "sighting-dot",
      type: "circle",
      source: "sightings",
      filter: what("dot"),
      paint: { "circle-radius": 3, "circle-color": ["get", "colour"], "circle-stroke-width": 1.2, "circle-stroke-color": p.outline },
    },
    {
      id: "incident-fill",
      type: "fill",
      source: "incidents",
      paint: { "fill-color": p.hazard, "fill-opacity": ["case", ["get", "picked"], 0.26, 0.14] },
    },
    {
      id: "incident-ring",
      type: "line",
      source: "incidents",
      paint: { "line-color": p.hazard, "line-width": ["case", ["get", "picked"], 2.6, 1.8] },
    },
  ];
}

function routes(p: Palette): LayerSpecification[] {
  return [
    {
      id: "route-behind",
      type: "line",
      source: "routes",
      filter: what("behind"),
      layout: rounded,
      paint: { "line-color": p.unit, "line-width": 2, "line-opacity": 0.3 },
    },
    {
      id: "route-casing",
      type: "line",
      source: "routes",
      filter: what("ahead"),
      layout: rounded,
      paint: { "line-color": p.halo, "line-width": 7, "line-opacity": 0.75 },
    },
    {
      id: "route",
      type: "line",
      source: "routes",
      filter: what("ahead"),
      layout: rounded,
      paint: { "line-color": p.unit, "line-width": 3.5 },
    },
  ];
}

function draft(p: Palette): LayerSpecification[] {
  return [
    {
      id: "draft-fill",
      type: "fill",
      source: "draft",
      filter: what("area"),
      paint: { "fill-color": p.draft, "fill-opacity": 0.12 },
    },
    {
      id: "draft-hole",
      type: "fill",
      source: "draft",
      filter: what("hole"),
      paint: { "fill-color": p.noFly, "fill-opacity": 0.25 },
    },
    {
      id: "draft-line",
      type: "line",
      source: "draft",
      filter: ["in", ["get", "what"], ["literal", ["line", "hole-line"]]],
      layout: rounded,
      paint: { "line-color": ["case", ["==", ["get", "what"], "hole-line"], p.noFly, p.draft], "line-width": 2.5 },
    },
    {
      id: "draft-rubber",
      type: "line",
      source: "draft",
      filter: what("rubber"),
      paint: { "line-color": p.draft, "line-width": 1.5, "line-dasharray": [2, 2] },
    },
  ];
}
