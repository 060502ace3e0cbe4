/** Entities for tests: complete, with only what matters to the test said. */
import type { Drone, Incident, Search, Sighting, Task, Unit } from "../../src/picture/types";

export const NOW = 1_790_000_000;

export function drone(given: Partial<Drone> = {}): Drone {
  return {
    id: "d1", name: "D1", system_id: 1, autopilot: "px4", version: "1.17", heard_at: NOW, lost: false,
    lat_deg: 28.9, lon_deg: 120.0, alt_amsl_m: 310, above_home_m: 62, heading_deg: 90, ground_speed_mps: 12,
    battery_left: 0.8, mode: "mission", armed: true, in_air: true, phase: "sweeping", phase_reason: "",
    search: null, sector: null, footprint: null, gimbal_pitch_deg: -90, video: true, says: null, link_loss: 0,
    ...given,
  };
}

export function incident(given: Partial<Incident> = {}): Incident {
  return {
    id: "i1", kind: "person_seen", state: "open", lat_deg: 28.9, lon_deg: 120.0, ellipse: null, ring: null, count: 1,
    camera: null, opened_at: NOW, updated_at: NOW, note: "", cause: "s1",
    ...given,
  };
}

export function unit(given: Partial<Unit> = {}): Unit {
  return {
    id: "u1", name: "Car 1", kind: "car", lat_deg: 28.9, lon_deg: 120.01, heading_deg: 0, speed_mps: 10, at: NOW,
    stale: false, task: null,
    ...given,
  };
}

export function task(given: Partial<Task> = {}): Task {
  return {
    id: "t1", incident: "i1", unit: "u1", state: "sent", eta_s: 120, route: [[120.01, 28.9], [120, 28.9]],
    sent_at: NOW, accepted_at: null, arrived_at: null, cleared_at: null, outcome: null, bearing_deg: 270,
    distance_m: 970,
    ...given,
  };
}

export function search(given: Partial<Search> = {}): Search {
  return {
    id: "q1", state: "planned", outcome: null, reasons: [], area: null, plan: null, replans: [], swept: null, swept_fraction: 0,
    accepted_at: NOW, approved_at: null, ended_at: null, by: "li",
    ...given,
  };
}

export function sighting(given: Partial<Sighting> = {}): Sighting {
  return {
    id: "s1", track: "k1", drone: "d1", at: NOW, lat_deg: 28.9, lon_deg: 120,
    ellipse: { major_m: 6, minor_m: 4, bearing_deg: 30 }, ring: [[120, 28.9], [120.0001, 28.9], [120, 28.9001]],
    score: 0.8, views: 5, detector: "hot-spot", incident: "i1",
    ...given,
  };
}
