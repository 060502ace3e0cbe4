/** What a search has truly seen, as GET /api/v1/searches/ID/coverage tells it. Pure. */
import type { Feature, FeatureCollection, Polygon } from "geojson";
import { podFrom, type PodMap } from "../pod/told";
import { isRecord } from "./parse";
import type { Id, Search } from "./types";

/** Mean POD over the area, 0 to 1: of random search (what to count on), by the inverse cube law (at best). */
export interface Pods {
  random: number;
  inverse_cube: number;
}

/** Shares of the area asked, 0 to 1. */
export interface Figures {
  over: boolean;
  planned: number;
  seen: number;
  seen_by_all: number;
  sweeps: Id[];
  pod: Pods;
  pod_of_all: Pods;
  /** null where the map knows no canopy. */
  seen_through_canopy: number | null;
  canopy_known: number;
  canopy_unknown: number;
  gaps: number;
  gaps_m2: number;
}

/** The body of a search that flies gaps again, but for its id. */
export interface Again {
  area: Polygon;
  height_agl_m: number;
  speed_mps: number;
  swath_m: number;
  gimbal_pitch_deg: number;
}

export interface Coverage {
  search: Id;
  figures: Figures;
  gaps: Feature<Polygon>[];
  again: Again[];
  pod: PodMap | null;
}

/** The coverage in an answer; null when it is none. */
export function coverageFrom(json: unknown): Coverage | null {
  if (!isRecord(json) || !isRecord(json["figures"]) || typeof json["search"] !== "string") return null;
  if (!Array.isArray(json["features"]) || !Array.isArray(json["again"])) return null;
  return {
    search: json["search"],
    figures: json["figures"] as unknown as Figures,
    gaps: json["features"] as Feature<Polygon>[],
    again: json["again"] as Again[],
    pod: podFrom(json["pod_map"]),
  };
}

/** The searches whose coverage is shown: those that fly, the newest one and the picked one, once they may have flown. */
export function covered(searches: readonly Search[], picked: Id | null): Search[] {
  return searches.filter((s, i) => s.approved_at !== null && (s.state === "flying" || i === 0 || s.id === picked));
}

/** Changes whenever a search's coverage may have. */
export function coverageMark(s: Search): string {
  const sectors = (s.plan?.sectors ?? []).map((x) => x.state).join(" ");
  return `${s.state} ${s.swept_fraction} ${sectors}`;
}

export function gapFeatures(shown: readonly Coverage[]): FeatureCollection {
  return { type: "FeatureCollection", features: shown.flatMap((c) => c.gaps) };
}
