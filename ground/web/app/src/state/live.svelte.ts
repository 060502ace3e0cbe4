/** The live picture, the connection's state and the server's clock, for components. */
import { streamAddress } from "../api/calls";
import { assignSlots } from "../picture/colours";
import { emptyPicture } from "../picture/picture";
import { ANSWERED_FROM, Stream, type Connection } from "../picture/stream";
import type { Picture } from "../picture/types";
import { session } from "./session.svelte";

class Live {
  picture = $state.raw<Picture>(emptyPicture());
  connection = $state<Connection>("connecting");
  heardAtMs = $state<number | null>(null);
  /** Whether a snapshot has ever come. */
  ready = $state(false);
  /** This machine's time, ms, ticking four times a second. */
  nowMs = $state(Date.now());
  /** Server time minus this machine's, s. */
  #skewS = $state(0);
  slots = $state.raw<ReadonlyMap<string, number>>(new Map());
  #stream: Stream | null = null;
  #ticker: number | null = null;

  /** Server time now, s since the epoch: ages are counted in the server's clock. */
  get now(): number {
    return this.nowMs / 1000 + this.#skewS;
  }

  /** How long nothing was heard, s; null when nothing ever was. */
  get silentS(): number | null {
    return this.heardAtMs === null ? null : Math.max(0, (this.nowMs - this.heardAtMs) / 1000);
  }

  start(): void {
    this.stop();
    this.#stream = new Stream(
      {
        open: () => new WebSocket(streamAddress()),
        now: () => Date.now(),
        roll: () => Math.random(),
        after: (ms, run) => {
          const timer = window.setTimeout(run, ms);
          return () => window.clearTimeout(timer);
        },
      },
      {
        mirror: (mirror) => this.#show(mirror.picture),
        connection: (state, heardAt) => {
          this.connection = state;
          this.heardAtMs = heardAt;
        },
        closed: (code) => {
          if (code >= ANSWERED_FROM || code === 1006) void session.check();
        },
      },
    );
    this.#stream.start();
    this.#ticker = window.setInterval(() => {
      this.nowMs = Date.now();
      this.#stream?.tick();
    }, 250);
  }

  stop(): void {
    this.#stream?.stop();
    this.#stream = null;
    if (this.#ticker !== null) window.clearInterval(this.#ticker);
    this.#ticker = null;
    this.picture = emptyPicture();
    this.ready = false;
  }

  #show(picture: Picture): void {
    if (picture.server.time !== this.picture.server.time) {
      this.nowMs = Date.now();
      this.#skewS = picture.server.time - this.nowMs / 1000;
    }
    this.slots = assignSlots(this.slots, Object.keys(picture.drones));
    this.picture = picture;
    this.ready = true;
  }
}

export const live = new Live();
