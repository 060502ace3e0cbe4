import { beforeEach, describe, expect, it } from "vitest";
import { waitMs } from "../src/picture/backoff";
import { emptyPicture, type Mirror } from "../src/picture/picture";
import { DEAD_MS, STALE_MS, Stream, type Connection, type Socket } from "../src/picture/stream";

class FakeSocket implements Socket {
  sent: string[] = [];
  alive = true;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.alive = false;
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent<unknown>);
  }
  drop(code: number): void {
    this.alive = false;
    this.onclose?.({ code } as CloseEvent);
  }
}

let sockets: FakeSocket[];
let waits: { ms: number; run: () => void }[];
let now: number;
let states: Connection[];
let mirrors: Mirror[];
let codes: number[];
let stream: Stream;

const last = (): FakeSocket => sockets.at(-1) as FakeSocket;
const snapshot = { type: "snapshot", seq: 1, picture: emptyPicture() };

beforeEach(() => {
  [sockets, waits, now, states, mirrors, codes] = [[], [], 1000, [], [], []];
  stream = new Stream(
    {
      open: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      now: () => now,
      roll: () => 0,
      after: (ms, run) => {
        waits.push({ ms, run });
        return () => (waits = waits.filter((w) => w.run !== run));
      },
    },
    {
      mirror: (mirror) => mirrors.push(mirror),
      connection: (state) => states.push(state),
      closed: (code) => codes.push(code),
    },
  );
  stream.start();
});

describe("Stream", () => {
  it("is live once a snapshot came", () => {
    expect(states.at(-1)).toBe("connecting");
    last().say(snapshot);
    expect(states.at(-1)).toBe("live");
    expect(mirrors).toHaveLength(1);
  });

  it("asks for a resync once on a gap and goes on from the new snapshot", () => {
    last().say(snapshot);
    last().say({ type: "delta", seq: 2, put: {}, drop: {} });
    last().say({ type: "delta", seq: 4, put: {}, drop: {} });
    last().say({ type: "delta", seq: 5, put: {}, drop: {} });
    expect(last().sent).toEqual(['{"type":"resync"}']);
    expect(mirrors).toHaveLength(2);
    last().say({ ...snapshot, seq: 6 });
    last().say({ type: "delta", seq: 7, put: {}, drop: {} });
    expect(mirrors.at(-1)).toMatchObject({ seq: 7, whole: true });
    expect(states.at(-1)).toBe("live");
  });

  it("is stale after 2 s of silence and live again with the next message", () => {
    last().say(snapshot);
    now += STALE_MS;
    stream.tick();
    expect(states.at(-1)).toBe("live");
    now += 1;
    stream.tick();
    expect(states.at(-1)).toBe("stale");
    last().say({ type: "delta", seq: 2, put: {}, drop: {} });
    expect(states.at(-1)).toBe("live");
  });

  it("gives a silent socket up and opens another", () => {
    last().say(snapshot);
    now += DEAD_MS + 1;
    stream.tick();
    expect(sockets[0]?.alive).toBe(false);
    expect(states.at(-1)).toBe("reconnecting");
    waits[0]?.run();
    expect(sockets).toHaveLength(2);
  });

  it("waits longer after each failed try, and starts afresh once a picture came", () => {
    for (const expected of [500, 1000, 2000]) {
      last().drop(1006);
      expect(waits.at(-1)?.ms).toBe(expected);
      waits.at(-1)?.run();
    }
    last().say(snapshot);
    last().drop(1006);
    expect(waits.at(-1)?.ms).toBe(500);
    expect(codes).toEqual([1006, 1006, 1006, 1006]);
  });

  it("takes no delta on a new connection before its snapshot", () => {
    last().say(snapshot);
    last().drop(1001);
    waits.at(-1)?.run();
    last().say({ type: "delta", seq: 2, put: {}, drop: {} });
    expect(mirrors).toHaveLength(1);
  });

  it("opens nothing after stop", () => {
    last().drop(1006);
    stream.stop();
    expect(waits).toHaveLength(0);
    expect(last().alive).toBe(false);
  });
});

describe("waitMs", () => {
  it("doubles up to 8 s and is cut by up to 30 %", () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((n) => waitMs(n, 0))).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    expect(waitMs(4, 1)).toBe(5600);
  });
});
