/** The client's copy of the picture: a fold over the server's messages. Pure. */
import type { Collections, Delta, Drop, Message, Picture, Put } from "./types";

export const COLLECTIONS = [
  "drones",
  "searches",
  "sightings",
  "incidents",
  "units",
  "tasks",
  "sites",
] as const satisfies readonly (keyof Collections)[];

/** `seq` is that of the last message folded in; `whole` is false between a gap and the next snapshot. */
export interface Mirror {
  readonly picture: Picture;
  readonly seq: number;
  readonly whole: boolean;
}

/** What a message did: shown, a gap was found (ask for a snapshot), or it was passed over while waiting for one. */
export interface Applied {
  readonly mirror: Mirror;
  readonly did: "shown" | "gap" | "waiting";
}

export function emptyPicture(): Picture {
  return {
    server: { time: 0, log_seq: 0, gateway: "down", streams: {} },
    drones: {},
    searches: {},
    sightings: {},
    incidents: {},
    units: {},
    tasks: {},
    sites: {},
  };
}

export const NOTHING: Mirror = { picture: emptyPicture(), seq: 0, whole: false };

/** The mirror after `message`. A gap keeps what was shown, so that the map never goes blank. */
export function apply(mirror: Mirror, message: Message): Applied {
  if (message.type === "snapshot") {
    return { mirror: { picture: message.picture, seq: message.seq, whole: true }, did: "shown" };
  }
  if (!mirror.whole) return { mirror, did: "waiting" };
  if (message.seq !== mirror.seq + 1) {
    return { mirror: { ...mirror, whole: false }, did: "gap" };
  }
  return { mirror: { picture: folded(mirror.picture, message), seq: message.seq, whole: true }, did: "shown" };
}

function folded(picture: Picture, delta: Delta): Picture {
  const next: Picture = { ...picture };
  if (delta.put.server) next.server = { ...picture.server, ...delta.put.server };
  for (const name of COLLECTIONS) change(next, name, delta.put, delta.drop);
  return next;
}

/** Replace one collection when the delta touches it; untouched ones keep their identity. */
function change<C extends keyof Collections>(next: Picture, name: C, put: Put, drop: Drop): void {
  const added = put[name];
  const gone = drop[name];
  if (!added && !gone?.length) return;
  const changed = { ...next[name], ...added };
  for (const id of gone ?? []) delete (changed as Record<string, unknown>)[id];
  next[name] = changed as Picture[C];
}
