/** The picture as the server sends it. Times are s since the epoch (UTC), places WGS-84 degrees, GeoJSON is lon, lat. */
import type { MultiPolygon, Polygon } from "geojson";

export type LonLat = [lon_deg: number, lat_deg: number];
export type Id = string;

export type Phase =
  | "grounded"
  | "uploading"
  | "taking_off"
  | "transit"
  | "sweeping"
  | "holding"
  | "returning"
  | "landing";
export type FlightMode =
  | "other"
  | "manual"
  | "hold"
  | "guided"
  | "take_off"
  | "mission"
  | "return"
  | "land";
export type IncidentKind =
  | "person_seen"
  | "smoke"
  | "gas"
  | "charger_heat"
  | "perimeter"
  | "thrown_object"
  | "welfare";
export type IncidentState = "open" | "confirmed" | "dismissed" | "closed";
export type SearchState = "refused" | "planned" | "flying" | "ended";
export type SectorState = "waiting" | "flying" | "swept" | "failed";
export type TaskState = "sent" | "accepted" | "arrived" | "cleared";

export interface Reason {
  field: string;
  problem: string;
  fix: string;
}

export interface Drone {
  id: Id;
  name: string;
  system_id: number | null;
  autopilot: string | null;
  version: string | null;
  heard_at: number | null;
  lost: boolean;
  lat_deg: number | null;
  lon_deg: number | null;
  alt_amsl_m: number | null;
  above_home_m: number | null;
  heading_deg: number | null;
  ground_speed_mps: number | null;
  /** 0 to 1. */
  battery_left: number | null;
  mode: FlightMode | null;
  armed: boolean | null;
  in_air: boolean | null;
  phase: Phase | null;
  phase_reason: string | null;
  search: Id | null;
  sector: Id | null;
  footprint: LonLat[] | null;
  gimbal_pitch_deg: number | null;
  video: boolean;
  says: string | null;
  /** Share of frames lost over the last 10 s, 0 to 1. */
  link_loss: number | null;
}

export interface Sector {
  id: Id;
  drone: Id;
  path: LonLat[];
  length_m: number;
  time_s: number;
  state: SectorState;
}

export interface SearchPlan {
  swath_m: number;
  speed_mps: number;
  height_agl_m: number;
  /** Share of the asked area that the plan sees, 0 to 1. */
  cover: number;
  sectors: Sector[];
}

/** What a drone left, or what was left when one was added, was dealt out again. */
export interface Replan {
  at: number;
  cause: string;
  drones: Id[];
  shares: { drone: Id; length_m: number }[];
  /** Metres of path that nobody flies. */
  undone_m: number;
  reason: string;
  by: string;
}

export interface Search {
  id: Id;
  state: SearchState;
  outcome: string | null;
  reasons: Reason[];
  area: Polygon | null;
  /** The sectors as they are now: those that took over stand in the place of those they took over from. */
  plan: SearchPlan | null;
  replans: Replan[];
  swept: MultiPolygon | null;
  swept_fraction: number;
  accepted_at: number | null;
  approved_at: number | null;
  ended_at: number | null;
  by: string;
}

export interface Ellipse {
  major_m: number;
  minor_m: number;
  bearing_deg: number;
}

export interface Sighting {
  id: Id;
  track: Id;
  drone: Id;
  at: number;
  lat_deg: number;
  lon_deg: number;
  ellipse: Ellipse;
  /** The 95 % ellipse as a ring. */
  ring: LonLat[];
  score: number;
  views: number;
  detector: string;
  incident: Id | null;
}

export interface Incident {
  id: Id;
  kind: IncidentKind;
  state: IncidentState;
  lat_deg: number;
  lon_deg: number;
  ellipse: Ellipse | null;
  ring: LonLat[] | null;
  count: number;
  camera: Id | null;
  opened_at: number;
  updated_at: number;
  note: string;
  cause: Id;
}

export interface Unit {
  id: Id;
  name: string;
  kind: string;
  lat_deg: number | null;
  lon_deg: number | null;
  heading_deg: number | null;
  speed_mps: number | null;
  at: number | null;
  stale: boolean;
  task: Id | null;
}

export interface Task {
  id: Id;
  incident: Id;
  unit: Id;
  state: TaskState;
  eta_s: number | null;
  route: LonLat[];
  sent_at: number;
  accepted_at: number | null;
  arrived_at: number | null;
  cleared_at: number | null;
  outcome: string | null;
  bearing_deg: number | null;
  distance_m: number | null;
}

export interface SiteCamera {
  id: Id;
  name: string;
  lat_deg: number;
  lon_deg: number;
  heading_deg: number;
  hfov_deg: number;
  range_m: number;
}

export interface SiteSensor {
  id: Id;
  name: string;
  kind: string;
  lat_deg: number;
  lon_deg: number;
  alarm_at: number | null;
}

export interface Site {
  id: Id;
  name: string;
  ring: LonLat[];
  cameras: SiteCamera[];
  sensors: SiteSensor[];
}

export interface StreamHealth {
  state: "live" | "waiting" | "dead";
  fps: number | null;
  lag_s: number | null;
}

export interface Server {
  time: number;
  log_seq: number;
  gateway: "up" | "down";
  streams: Record<Id, StreamHealth>;
}

export interface Collections {
  drones: Record<Id, Drone>;
  searches: Record<Id, Search>;
  sightings: Record<Id, Sighting>;
  incidents: Record<Id, Incident>;
  units: Record<Id, Unit>;
  tasks: Record<Id, Task>;
  sites: Record<Id, Site>;
}

export interface Picture extends Collections {
  server: Server;
}

export interface Snapshot {
  type: "snapshot";
  seq: number;
  picture: Picture;
}

export type Put = { [C in keyof Collections]?: Collections[C] } & { server?: Partial<Server> };
export type Drop = { [C in keyof Collections]?: Id[] };

export interface Delta {
  type: "delta";
  seq: number;
  put: Put;
  drop: Drop;
}

export type Message = Snapshot | Delta;
