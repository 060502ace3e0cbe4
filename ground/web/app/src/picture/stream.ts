/** Keeps one WebSocket to the live stream: checks sequence numbers, asks again on a gap, reconnects. */
import { waitMs } from "./backoff";
import { parseMessage } from "./parse";
import { apply, NOTHING, type Mirror } from "./picture";

/** Nothing heard for longer than this: the picture is stale. */
export const STALE_MS = 2000;
/** Nothing heard for longer than this: the socket is given up and opened again. */
export const DEAD_MS = 8000;
/** Close codes from here on are the server's own answers (4401: nobody is signed in; 4403: not allowed). */
export const ANSWERED_FROM = 4400;

export type Connection = "connecting" | "live" | "stale" | "reconnecting";

/** The part of WebSocket that is used; tests bring their own. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
}

export interface Outside {
  open(): Socket;
  now(): number;
  /** A number in [0, 1). */
  roll(): number;
  after(ms: number, run: () => void): () => void;
}

export interface Listener {
  mirror(mirror: Mirror): void;
  connection(state: Connection, heardAtMs: number | null): void;
  closed(code: number): void;
}

export class Stream {
  #mirror: Mirror = NOTHING;
  #socket: Socket | null = null;
  #heardAt: number | null = null;
  #openedAt = 0;
  #attempt = 0;
  #cancelRetry: (() => void) | null = null;
  #stopped = true;

  constructor(
    private readonly outside: Outside,
    private readonly listener: Listener,
  ) {}

  start(): void {
    this.#stopped = false;
    this.#open("connecting");
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#letGo();
  }

  /** Call about twice a second: notices silence. */
  tick(): void {
    if (!this.#socket) return;
    const silent = this.outside.now() - Math.max(this.#heardAt ?? 0, this.#openedAt);
    if (silent > DEAD_MS) this.#retry();
    else if (this.#heardAt !== null && silent > STALE_MS) this.#tell("stale");
  }

  #open(state: Connection): void {
    const socket = this.outside.open();
    this.#socket = socket;
    this.#openedAt = this.outside.now();
    this.#tell(state);
    socket.onmessage = (event) => this.#heard(event.data);
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.listener.closed(event.code);
      this.#retry();
    };
  }

  #heard(data: unknown): void {
    const message = typeof data === "string" ? parseMessage(data) : null;
    if (!message) return;
    this.#heardAt = this.outside.now();
    const { mirror, did } = apply(this.#mirror, message);
    this.#mirror = mirror;
    if (did === "gap") this.#socket?.send(JSON.stringify({ type: "resync" }));
    if (did === "shown") {
      this.#attempt = 0;
      this.listener.mirror(mirror);
      this.#tell("live");
    }
  }

  #retry(): void {
    this.#letGo();
    if (this.#stopped) return;
    this.#mirror = { ...this.#mirror, whole: false };
    this.#tell("reconnecting");
    const wait = waitMs(this.#attempt, this.outside.roll());
    this.#attempt += 1;
    this.#cancelRetry = this.outside.after(wait, () => this.#open("reconnecting"));
  }

  #letGo(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #tell(state: Connection): void {
    this.listener.connection(state, this.#heardAt);
  }
}
