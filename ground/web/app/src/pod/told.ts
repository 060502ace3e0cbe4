/** Where the picture of POD by cell lies and what its colours mean, as a search's coverage tells it. Pure. */
import { isRecord } from "../picture/parse";
import type { LonLat } from "../picture/types";
import type { Theme } from "../state/view.svelte";

/** Outer corners: north-west, then clockwise, as MapLibre wants them. */
export type Corners = [LonLat, LonLat, LonLat, LonLat];

export interface PodMap {
  /** Another when the picture is. */
  mark: string;
  corners: Corners;
  cellM: number;
  /** POD of the whole area, 0 to 1. */
  mean: number;
  /** #rrggbb, evenly from POD 0 to 100 %. */
  colours: Record<Theme, string[]>;
}

/** The POD map in a coverage; null when it tells of none. */
export function podFrom(json: unknown): PodMap | null {
  if (!isRecord(json) || !isRecord(json["colours"])) return null;
  const { mark, corners, cell_m, mean } = json;
  const { night, day } = json["colours"];
  if (typeof mark !== "string" || typeof cell_m !== "number" || typeof mean !== "number") return null;
  if (!areCorners(corners) || !areColours(night) || !areColours(day)) return null;
  return { mark, corners, cellM: cell_m, mean, colours: { night, day } };
}

/** The ramp as a CSS background, 0 % on the left. */
export function gradient(colours: readonly string[]): string {
  return `linear-gradient(to right, ${colours.join(", ")})`;
}

function areCorners(value: unknown): value is Corners {
  return Array.isArray(value) && value.length === 4 && value.every(isPlace);
}

function isPlace(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}

function areColours(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 1 && value.every((c) => typeof c === "string" && /^#[0-9a-f]{6}$/.test(c));
}
