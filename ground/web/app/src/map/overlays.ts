/** The picture as GeoJSON for the overlay layers. Pure. */
import type { Feature, FeatureCollection, Geometry, GeoJsonProperties } from "geojson";
import { ahead, closed, middleOf, wedge } from "../geo/geometry";
import { freshness, placeOf } from "../picture/derive";
import type { Drone, Id, Incident, LonLat, Search, Sighting, Site, Task, Unit } from "../picture/types";
import type { Draft } from "./draw/draft";

export type ColourOf = (drone: Id) => string;
/** A sensor shows its alarm for this long, s. */
const ALARM_SHOWN_S = 600;

/** Ids of the sensors that show an alarm now, in one text: it changes only when the drawing has to. */
export function alarmsShown(sites: readonly Site[], now: number): string {
  const sensors = sites.flatMap((s) => s.sensors);
  return sensors.filter((x) => x.alarm_at !== null && now - x.alarm_at < ALARM_SHOWN_S).map((x) => x.id).join(" ");
}

/** Whether each drone is fresh, stale or lost now, in one text: it changes only when the drawing has to. */
export function freshnessShown(drones: readonly Drone[], now: number): string {
  return drones.map((d) => freshness(d, now)).join(" ");
}

export const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

function collection(features: Feature[]): FeatureCollection {
  return { type: "FeatureCollection", features };
}

function feature(geometry: Geometry, properties: GeoJsonProperties): Feature {
  return { type: "Feature", geometry, properties };
}

const ring = (r: readonly LonLat[], properties: GeoJsonProperties): Feature =>
  feature({ type: "Polygon", coordinates: [closed(r)] }, properties);
const line = (l: readonly LonLat[], properties: GeoJsonProperties): Feature =>
  feature({ type: "LineString", coordinates: [...l] }, properties);
const point = (p: LonLat, properties: GeoJsonProperties): Feature =>
  feature({ type: "Point", coordinates: p }, properties);

export function footprintFeatures(drones: readonly Drone[], colourOf: ColourOf, now: number): FeatureCollection {
  return collection(
    drones.flatMap((d) => {
      const state = freshness(d, now);
      if (!d.footprint || d.footprint.length < 3 || state === "lost") return [];
      return [ring(d.footprint, { colour: colourOf(d.id), stale: state === "stale" })];
    }),
  );
}

/** Areas and swept ground: those of searches that run or are planned, of the newest (first) and of the picked one.
 * Swept ground of `inPod` is left out: the POD map shows it. */
export function searchFeatures(searches: readonly Search[], picked: Id | null, inPod: readonly Id[] = []): FeatureCollection {
  const isOver = (s: Search): boolean => s.state === "ended" || s.state === "refused";
  return collection(
    searches.flatMap((s, i) => {
      const ended = isOver(s);
      if (ended && i > 0 && s.id !== picked) return [];
      return [
        ...(s.swept && s.swept.coordinates.length > 0 && !inPod.includes(s.id) ? [feature(s.swept, { what: "swept" })] : []),
        ...(s.area ? [feature(s.area, { what: "area", ended })] : []),
      ];
    }),
  );
}

export function pathFeatures(searches: readonly Search[], colourOf: ColourOf): FeatureCollection {
  const running = searches.filter((s) => s.state === "planned" || s.state === "flying");
  return collection(
    running.flatMap((s) =>
      (s.plan?.sectors ?? [])
        .filter((sector) => sector.path.length > 1)
        .map((sector) => line(sector.path, { state: sector.state, colour: colourOf(sector.drone) })),
    ),
  );
}

/** Sightings that belong to no finished incident. */
export function sightingFeatures(
  sightings: readonly Sighting[],
  incidents: Readonly<Record<Id, Incident>>,
  colourOf: ColourOf,
): FeatureCollection {
  const shown = sightings.filter((s) => {
    const state = s.incident === null ? "open" : (incidents[s.incident]?.state ?? "open");
    return state === "open" || state === "confirmed";
  });
  return collection(
    shown.flatMap((s) => {
      const colour = colourOf(s.drone);
      const dot = point([s.lon_deg, s.lat_deg], { what: "dot", colour });
      return s.ring.length > 2 ? [ring(s.ring, { what: "ring", colour }), dot] : [dot];
    }),
  );
}

export function incidentFeatures(incidents: readonly Incident[], picked: Id | null): FeatureCollection {
  return collection(
    incidents.flatMap((i) => (i.ring && i.ring.length > 2 ? [ring(i.ring, { picked: i.id === picked })] : [])),
  );
}

/** Routes of tasks under way: the part still ahead of the unit, and what it has behind it. */
export function routeFeatures(tasks: readonly Task[], units: Readonly<Record<Id, Unit>>): FeatureCollection {
  return collection(
    tasks
      .filter((t) => (t.state === "sent" || t.state === "accepted") && t.route.length > 1)
      .flatMap((t) => {
        const unit = units[t.unit];
        if (!unit) return [];
        const at = placeOf(unit);
        return [line(t.route, { what: "behind" }), line(at ? ahead(t.route, at) : t.route, { what: "ahead" })];
      }),
  );
}

export function siteFeatures(sites: readonly Site[], now: number): FeatureCollection {
  return collection(
    sites.flatMap((s) => [
      ...(s.ring.length > 2 ? [ring(s.ring, { what: "site" })] : []),
      ...s.cameras.map((c) =>
        ring(wedge([c.lon_deg, c.lat_deg], c.heading_deg, c.hfov_deg, c.range_m), { what: "wedge" }),
      ),
      ...s.cameras.map((c) => point([c.lon_deg, c.lat_deg], { what: "camera" })),
      ...s.sensors.map((x) =>
        point([x.lon_deg, x.lat_deg], {
          what: "sensor",
          alarm: x.alarm_at !== null && now - x.alarm_at < ALARM_SHOWN_S,
        }),
      ),
    ]),
  );
}

/** One point in each named area of the base map, for its name. */
export function nameFeatures(base: FeatureCollection): FeatureCollection {
  return collection(
    base.features.flatMap(({ geometry, properties }) => {
      const name: unknown = properties?.["name"];
      if (typeof name !== "string" || geometry.type !== "Polygon") return [];
      const outer = geometry.coordinates[0] as LonLat[] | undefined;
      return outer && outer.length > 3 ? [point(middleOf(outer), { name })] : [];
    }),
  );
}

/** The drawing: closed rings as areas, open ones as lines, and a rubber band to the pointer. */
export function draftFeatures(draft: Draft, pointer: LonLat | null): FeatureCollection {
  if (draft.stage === "idle") return EMPTY;
  const open = draft.stage === "outer" ? draft.outer : draft.stage === "hole" ? draft.hole : [];
  const last = open.at(-1);
  const rubber = last && pointer ? [line([last, pointer], { what: "rubber" })] : [];
  const holes = draft.holes.flatMap((h) => [ring(h, { what: "hole" }), line(closed(h), { what: "hole-line" })]);
  const outer =
    draft.stage === "outer"
      ? []
      : [
          feature({ type: "Polygon", coordinates: [closed(draft.outer)] }, { what: "area" }),
          line(closed(draft.outer), { what: "line" }),
        ];
  const drawn = open.length > 1 ? [line(open, { what: draft.stage === "hole" ? "hole-line" : "line" })] : [];
  const preview = draft.stage === "outer" && open.length > 2 ? [ring(open, { what: "area" })] : [];
  return collection([...outer, ...preview, ...holes, ...drawn, ...rubber]);
}
