/** Questions the interface asks of the picture. Pure. */
import { distanceM } from "../geo/geometry";
import type { Drone, Id, Incident, LonLat, Picture, Search, Sighting, Task, Unit } from "./types";

/** A drone not heard for longer than this is stale (core: 1.5 s, plus the way to the screen). */
export const DRONE_STALE_S = 2.5;
export const BATTERY_LOW = 0.25;
export const BATTERY_CRITICAL = 0.15;

export type Freshness = "fresh" | "stale" | "lost";

export function freshness(drone: Drone, now: number): Freshness {
  if (drone.lost || drone.heard_at === null) return "lost";
  return now - drone.heard_at > DRONE_STALE_S ? "stale" : "fresh";
}

export function placeOf(thing: { lat_deg: number | null; lon_deg: number | null }): LonLat | null {
  return thing.lat_deg === null || thing.lon_deg === null ? null : [thing.lon_deg, thing.lat_deg];
}

/** Newest first; those still to be dealt with in `live`, the rest in `finished`. */
export function sortIncidents(incidents: Readonly<Record<Id, Incident>>): { live: Incident[]; finished: Incident[] } {
  const all = Object.values(incidents).sort((a, b) => b.opened_at - a.opened_at || a.id.localeCompare(b.id));
  const isLive = (i: Incident): boolean => i.state === "open" || i.state === "confirmed";
  return { live: all.filter(isLive), finished: all.filter((i) => !isLive(i)) };
}

/** Numbers for the pins, 1 for the oldest; they stay when later incidents come. */
export function pinNumbers(incidents: Readonly<Record<Id, Incident>>): ReadonlyMap<Id, number> {
  const byAge = Object.values(incidents).sort((a, b) => a.opened_at - b.opened_at || a.id.localeCompare(b.id));
  return new Map(byAge.map((incident, i) => [incident.id, i + 1]));
}

const SEARCH_RANK = { flying: 0, planned: 1, refused: 2, ended: 2 } as const;

/** Flying first, then planned, then the rest; newest first among equals. */
export function sortSearches(searches: Readonly<Record<Id, Search>>): Search[] {
  return Object.values(searches).sort(
    (a, b) => SEARCH_RANK[a.state] - SEARCH_RANK[b.state] || (b.accepted_at ?? 0) - (a.accepted_at ?? 0),
  );
}

export interface Near {
  unit: Unit;
  distance_m: number;
}

/** Units with a known place, nearest first, as the crow flies. */
export function unitsByDistance(units: Readonly<Record<Id, Unit>>, to: LonLat): Near[] {
  return Object.values(units)
    .flatMap((unit) => {
      const at = placeOf(unit);
      return at ? [{ unit, distance_m: distanceM(at, to) }] : [];
    })
    .sort((a, b) => a.distance_m - b.distance_m);
}

/** The task that is being done for an incident, newest first; null when none is. */
export function openTask(tasks: Readonly<Record<Id, Task>>, incident: Id): Task | null {
  const open = Object.values(tasks).filter((t) => t.incident === incident && t.state !== "cleared");
  return open.sort((a, b) => b.sent_at - a.sent_at)[0] ?? null;
}

/** The last task that was cleared for an incident; null when none was. */
export function clearedTask(tasks: Readonly<Record<Id, Task>>, incident: Id): Task | null {
  const cleared = Object.values(tasks).filter((t) => t.incident === incident && t.state === "cleared");
  return cleared.sort((a, b) => (b.cleared_at ?? 0) - (a.cleared_at ?? 0))[0] ?? null;
}

/** Seconds until the unit is there, from the estimate made when it was sent; null once it is there. */
export function remainingS(task: Task, now: number): number | null {
  if (task.eta_s === null || task.state === "arrived" || task.state === "cleared") return null;
  return Math.max(0, task.sent_at + task.eta_s - now);
}

/** The sighting whose picture stands for an incident: the newest, else its cause. */
export function sightingOf(picture: Picture, incident: Incident): Sighting | null {
  const own = Object.values(picture.sightings).filter((s) => s.incident === incident.id);
  return own.sort((a, b) => b.at - a.at)[0] ?? picture.sightings[incident.cause] ?? null;
}

/** What a look at video or images is for: the search that flies, else the newest live incident, else a planned search. */
export function viewReference(picture: Picture): { kind: "search" | "incident"; id: Id } | null {
  const searches = sortSearches(picture.searches);
  const flying = searches.find((s) => s.state === "flying");
  if (flying) return { kind: "search", id: flying.id };
  const incident = sortIncidents(picture.incidents).live[0];
  if (incident) return { kind: "incident", id: incident.id };
  const planned = searches.find((s) => s.state === "planned");
  return planned ? { kind: "search", id: planned.id } : null;
}

/** The longest sector decides how long a plan takes, s. */
export function planTimeS(search: Search): number | null {
  const times = search.plan?.sectors.map((s) => s.time_s) ?? [];
  return times.length > 0 ? Math.max(...times) : null;
}

/** Drones on the ground that could take a share of what a flying search has left to others, or to nobody. */
export function couldJoin(search: Search, drones: Readonly<Record<Id, Drone>>, now: number): Drone[] {
  if (search.state !== "flying" || search.replans.length === 0) return [];
  const busy = new Set(search.plan?.sectors.filter((s) => s.state === "waiting" || s.state === "flying").map((s) => s.drone));
  return Object.values(drones)
    .filter((d) => d.phase === "grounded" && d.search === null && freshness(d, now) === "fresh" && !busy.has(d.id))
    .sort((a, b) => a.id.localeCompare(b.id));
}
