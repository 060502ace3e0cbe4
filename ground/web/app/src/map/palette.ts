/** Colours of the base map and the overlays, night and day. */
import type { Theme } from "../state/view.svelte";

export interface Palette {
  ground: string;
  field: string;
  residential: string;
  forest: string;
  forestEdge: string;
  water: string;
  building: string;
  buildingEdge: string;
  compound: string;
  compoundEdge: string;
  contour: string;
  track: string;
  casing: string;
  road: string;
  label: string;
  contourLabel: string;
  halo: string;
  area: string;
  swept: string;
  gap: string;
  hazard: string;
  unit: string;
  camera: string;
  sensor: string;
  draft: string;
  noFly: string;
  outline: string;
  tiles: number;
  /** Opacity of the POD map. */
  pod: number;
}

const NIGHT: Palette = {
  ground: "#0e151b",
  field: "#121b1e",
  residential: "#141c25",
  forest: "#10231c",
  forestEdge: "#1b3a2d",
  water: "#0f2a3f",
  building: "#25323f",
  buildingEdge: "#384959",
  compound: "#1c2636",
  compoundEdge: "#6d87b5",
  contour: "#24343a",
  track: "#4d4a3c",
  casing: "#080c10",
  road: "#4a5866",
  label: "#a3b4c2",
  contourLabel: "#566b74",
  halo: "#0b1117",
  area: "#e6edf3",
  swept: "#49d6c4",
  gap: "#ffb347",
  hazard: "#ff6b61",
  unit: "#8fb8ff",
  camera: "#8fa6c9",
  sensor: "#8fa6c9",
  draft: "#ffd166",
  noFly: "#ff6b61",
  outline: "#05080b",
  tiles: 0.55,
  pod: 0.62,
};

const DAY: Palette = {
  ground: "#f3f2ec",
  field: "#ecebd8",
  residential: "#ebe8e3",
  forest: "#d5e5cb",
  forestEdge: "#a9c79a",
  water: "#b7d7ea",
  building: "#d3cdc4",
  buildingEdge: "#aca498",
  compound: "#e3e6f2",
  compoundEdge: "#5a6ea5",
  contour: "#cdbfa6",
  track: "#b59f78",
  casing: "#b3ada2",
  road: "#ffffff",
  label: "#3c4a56",
  contourLabel: "#8a7a5c",
  halo: "#fbfaf6",
  area: "#1c2833",
  swept: "#00897b",
  gap: "#b04a00",
  hazard: "#c62828",
  unit: "#1f55b5",
  camera: "#4a5f8f",
  sensor: "#4a5f8f",
  draft: "#a34a00",
  noFly: "#c62828",
  outline: "#ffffff",
  tiles: 1,
  pod: 0.72,
};

/** Colours gaps are hatched in: one image each. */
export const GAP_COLOURS = [NIGHT.gap, DAY.gap] as const;

export function paletteOf(theme: Theme): Palette {
  return theme === "night" ? NIGHT : DAY;
}
