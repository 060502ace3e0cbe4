/** The drawing of a search area as a state machine: corners by click, holes for no-fly zones, fixes by drag. Pure. */
import type { LonLat } from "../../picture/types";

/** idle: nothing; outer: setting the outer corners; hole: setting a hole's; fixing: closed, corners can be dragged. */
export interface Draft {
  readonly stage: "idle" | "outer" | "hole" | "fixing";
  readonly outer: readonly LonLat[];
  readonly holes: readonly (readonly LonLat[])[];
  /** Corners of the hole being set. */
  readonly hole: readonly LonLat[];
}

/** `ring` -1 is the outer one, 0.. the holes. */
export interface Corner {
  ring: number;
  index: number;
}

export type Stroke =
  | { do: "start" }
  | { do: "corner"; at: LonLat }
  | { do: "undo" }
  | { do: "close" }
  | { do: "hole" }
  | { do: "no_holes" }
  | { do: "cancel" }
  | { do: "move"; corner: Corner; to: LonLat }
  | { do: "insert"; corner: Corner; at: LonLat }
  | { do: "remove"; corner: Corner };

export const IDLE: Draft = { stage: "idle", outer: [], holes: [], hole: [] };

/** The draft after a stroke; a stroke that makes no sense in this stage changes nothing. */
export function step(draft: Draft, stroke: Stroke): Draft {
  switch (stroke.do) {
    case "start":
      return { ...IDLE, stage: "outer" };
    case "cancel":
      return draft.stage === "hole" ? { ...draft, stage: "fixing", hole: [] } : IDLE;
    case "corner":
      return withCorner(draft, stroke.at);
    case "undo":
      return undone(draft);
    case "close":
      return closedUp(draft);
    case "hole":
      return draft.stage === "fixing" ? { ...draft, stage: "hole", hole: [] } : draft;
    case "no_holes":
      return draft.stage === "fixing" ? { ...draft, holes: [] } : draft;
    case "move":
      return onRing(draft, stroke.corner.ring, (ring) => ring.with(stroke.corner.index, stroke.to));
    case "insert":
      return onRing(draft, stroke.corner.ring, (ring) => ring.toSpliced(stroke.corner.index, 0, stroke.at));
    case "remove":
      return onRing(draft, stroke.corner.ring, (ring) =>
        ring.length > 3 ? ring.toSpliced(stroke.corner.index, 1) : [...ring],
      );
  }
}

function withCorner(draft: Draft, at: LonLat): Draft {
  if (draft.stage === "outer") return { ...draft, outer: [...draft.outer, at] };
  if (draft.stage === "hole") return { ...draft, hole: [...draft.hole, at] };
  return draft;
}

/** Takes back the last corner; on a closed area, opens it again. */
function undone(draft: Draft): Draft {
  switch (draft.stage) {
    case "outer":
      return { ...draft, outer: draft.outer.slice(0, -1) };
    case "hole":
      return draft.hole.length > 0 ? { ...draft, hole: draft.hole.slice(0, -1) } : { ...draft, stage: "fixing" };
    case "fixing": {
      const last = draft.holes.at(-1);
      if (last) return { ...draft, stage: "hole", hole: last, holes: draft.holes.slice(0, -1) };
      return { ...draft, stage: "outer" };
    }
    case "idle":
      return draft;
  }
}

function closedUp(draft: Draft): Draft {
  if (draft.stage === "outer" && draft.outer.length >= 3) return { ...draft, stage: "fixing" };
  if (draft.stage === "hole" && draft.hole.length >= 3) {
    return { ...draft, stage: "fixing", holes: [...draft.holes, draft.hole], hole: [] };
  }
  return draft;
}

function onRing(draft: Draft, ring: number, change: (ring: readonly LonLat[]) => LonLat[]): Draft {
  if (draft.stage === "idle") return draft;
  if (ring === -1) return { ...draft, outer: change(draft.outer) };
  if (!draft.holes[ring]) return draft;
  return { ...draft, holes: draft.holes.map((hole, i) => (i === ring ? change(hole) : hole)) };
}

/** What a planner is likely to make of it: sweep width of a camera looking straight down, and time shared among n. */
export function expectedSwathM(heightM: number, hfovDeg: number, sideLap: number): number {
  return 2 * heightM * Math.tan((hfovDeg * Math.PI) / 360) * (1 - sideLap);
}

export function expectedTimeS(areaM2: number, swathM: number, speedMps: number, drones: number): number {
  return areaM2 / (swathM * speedMps * Math.max(1, drones));
}
