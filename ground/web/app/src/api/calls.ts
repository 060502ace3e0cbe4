/** The requests of the contract, one function each. */
import type { FeatureCollection, Polygon } from "geojson";
import { coverageFrom, type Coverage } from "../picture/coverage";
import { isRecord } from "../picture/parse";
import type { Id } from "../picture/types";
import { ask, askPicture, type Answer } from "./ask";

const V1 = "/api/v1";

export interface Account {
  name: string;
  role: string;
  mustChangePassword: boolean;
}

export interface MapSetup {
  centre: { lat_deg: number; lon_deg: number };
  zoom: number;
  tiles: string[];
  basemap: boolean;
}

export interface SearchWish {
  id: Id;
  area: Polygon;
  drones?: Id[];
  height_agl_m: number;
  speed_mps: number;
  swath_m?: number;
  gimbal_pitch_deg?: number;
  plain?: boolean;
}

const accepted = (json: unknown): Id => (isRecord(json) && typeof json["id"] === "string" ? json["id"] : "");
const nothing = (): null => null;
const part = (id: Id): string => encodeURIComponent(id);

function accountFrom(json: unknown): Account {
  const value = isRecord(json) ? json : {};
  return {
    name: typeof value["name"] === "string" ? value["name"] : "",
    role: typeof value["role"] === "string" ? value["role"] : "",
    mustChangePassword: value["must_change_password"] === true,
  };
}

export function signIn(name: string, password: string): Promise<Answer<Account>> {
  return ask("POST", `${V1}/session`, { name, password }, accountFrom);
}

export function whoAmI(): Promise<Answer<Account>> {
  return ask("GET", `${V1}/session`, undefined, accountFrom);
}

export function signOut(): Promise<Answer<null>> {
  return ask("DELETE", `${V1}/session`, undefined, nothing);
}

export function changePassword(old: string, fresh: string): Promise<Answer<null>> {
  return ask("POST", `${V1}/session/password`, { old, new: fresh }, nothing);
}

export function mapSetup(): Promise<Answer<MapSetup>> {
  return ask("GET", `${V1}/map`, undefined, mapSetupFrom);
}

export function mapSetupFrom(json: unknown): MapSetup {
  const value = isRecord(json) ? json : {};
  const centre = isRecord(value["centre"]) ? value["centre"] : {};
  const tiles = value["tiles"];
  return {
    centre: { lat_deg: Number(centre["lat_deg"] ?? 0), lon_deg: Number(centre["lon_deg"] ?? 0) },
    zoom: Number(value["zoom"] ?? 14),
    tiles: typeof tiles === "string" ? [tiles] : Array.isArray(tiles) ? tiles.map(String) : [],
    basemap: value["basemap"] === true,
  };
}

export function basemap(): Promise<Answer<FeatureCollection>> {
  return ask("GET", `${V1}/basemap.geojson`, undefined, (json) =>
    isRecord(json) && Array.isArray(json["features"])
      ? (json as unknown as FeatureCollection)
      : { type: "FeatureCollection", features: [] },
  );
}

export function planSearch(wish: SearchWish): Promise<Answer<Id>> {
  return ask("POST", `${V1}/searches`, wish, accepted);
}

/** null when the answer is no coverage. */
export function askCoverage(id: Id): Promise<Answer<Coverage | null>> {
  return ask("GET", `${V1}/searches/${part(id)}/coverage`, undefined, coverageFrom);
}

/** POD by cell in the colours of a theme, one pixel a cell, north up. */
export function askPodPicture(id: Id, theme: "night" | "day"): Promise<ImageBitmap | null> {
  return askPicture(`${V1}/searches/${part(id)}/coverage/pod.png?theme=${theme}`);
}

export function decideSearch(id: Id, wish: "approve" | "stop"): Promise<Answer<Id>> {
  return ask("POST", `${V1}/searches/${part(id)}/${wish}`, {}, accepted);
}

export function joinSearch(id: Id, drone: Id): Promise<Answer<Id>> {
  return ask("POST", `${V1}/searches/${part(id)}/join`, { drone }, accepted);
}

export type DroneOrder = "hold" | "return" | "resume";

export function orderDrone(id: Id, order: DroneOrder): Promise<Answer<Id>> {
  return ask("POST", `${V1}/drones/${part(id)}/${order}`, {}, accepted);
}

export function orderFleet(order: "hold" | "return"): Promise<Answer<Id>> {
  return ask("POST", `${V1}/fleet/${order}`, {}, accepted);
}

export function confirmIncident(id: Id): Promise<Answer<Id>> {
  return ask("POST", `${V1}/incidents/${part(id)}/confirm`, {}, accepted);
}

export function dismissIncident(id: Id, reason: string): Promise<Answer<Id>> {
  return ask("POST", `${V1}/incidents/${part(id)}/dismiss`, { reason }, accepted);
}

export function closeIncident(id: Id): Promise<Answer<Id>> {
  return ask("POST", `${V1}/incidents/${part(id)}/close`, {}, accepted);
}

/** `unit` null: the server chooses the one that is there first. */
export function sendUnit(incident: Id, unit: Id | null, task: Id): Promise<Answer<Id>> {
  return ask("POST", `${V1}/incidents/${part(incident)}/send`, unit ? { unit, task } : { task }, accepted);
}

export function chipAddress(sighting: Id, purpose: string, reference: Id): string {
  const query = new URLSearchParams({ purpose, reference });
  return `${V1}/sightings/${part(sighting)}/chip.jpg?${query.toString()}`;
}

export function videoAddress(drone: Id, purpose: string, reference: Id): string {
  const query = new URLSearchParams({ purpose, reference });
  return socketAddress(`${V1}/drones/${part(drone)}/video?${query.toString()}`);
}

export function streamAddress(): string {
  return socketAddress(`${V1}/stream`);
}

function socketAddress(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}
