/** The outer shape of a stream message, checked; the entities inside are the server's contract. */
import { COLLECTIONS, emptyPicture } from "./picture";
import type { Delta, Drop, Message, Picture, Put } from "./types";

type Loose = Record<string, unknown>;

export function isRecord(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A message, or null when the text is none this client knows. */
export function parseMessage(text: string): Message | null {
  const value = parseJson(text);
  if (!isRecord(value) || typeof value["seq"] !== "number") return null;
  const seq = value["seq"];
  if (value["type"] === "snapshot" && isRecord(value["picture"])) {
    return { type: "snapshot", seq, picture: pictureFrom(value["picture"]) };
  }
  if (value["type"] === "delta") return deltaFrom(seq, value);
  return null;
}

/** A picture with every collection present, whatever the server left out. */
export function pictureFrom(value: Loose): Picture {
  return { ...emptyPicture(), ...recordsOf(value, ["server", ...COLLECTIONS]) } as Picture;
}

function deltaFrom(seq: number, value: Loose): Delta {
  const put = isRecord(value["put"]) ? recordsOf(value["put"], ["server", ...COLLECTIONS]) : {};
  const drop: Drop = {};
  const dropped = isRecord(value["drop"]) ? value["drop"] : {};
  for (const name of COLLECTIONS) {
    const ids = dropped[name];
    if (Array.isArray(ids)) drop[name] = ids.filter((id): id is string => typeof id === "string");
  }
  return { type: "delta", seq, put: put as Put, drop };
}

function recordsOf(value: Loose, names: readonly string[]): Loose {
  return Object.fromEntries(names.filter((n) => isRecord(value[n])).map((n) => [n, value[n]]));
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
