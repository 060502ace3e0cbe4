import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { coverageFrom, type Coverage } from "../src/picture/coverage";
import { emptyPicture } from "../src/picture/picture";
import { podShown } from "../src/pod/shown.svelte";
import { coverages } from "../src/state/coverage.svelte";
import { live } from "../src/state/live.svelte";
import { view } from "../src/state/view.svelte";
import { search } from "./given/build";

/** Words choose their language when they are loaded. */
vi.hoisted(() => vi.stubGlobal("navigator", { language: "en" }));

const CORNERS = [[1, 43], [2, 43], [2, 42], [1, 42]];
const POD = { mark: "ab12", corners: CORNERS, cell_m: 10, mean: 0.4, colours: { night: ["#000000", "#ffffff"], day: ["#ffffff", "#000000"] } };

function told(id: string, mark: string): Coverage {
  const json = { type: "FeatureCollection", search: id, features: [], figures: { sweeps: [id] }, again: [], pod_map: { ...POD, mark } };
  return coverageFrom(json) as Coverage;
}

/** What was asked for, and how each is answered: a status, or null for no answer at all. */
let asked: string[];
let answer: number | null;

beforeEach(() => {
  [asked, answer] = [[], 200];
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    if (answer === null) throw new TypeError("no network");
    return new Response("png", { status: answer });
  });
  vi.stubGlobal("createImageBitmap", async () => ({ number: asked.length }));
  const flown = { approved_at: 5, state: "flying" as const };
  live.picture = { ...emptyPicture(), searches: { a: search({ id: "a", ...flown }), b: search({ id: "b", ...flown }) } };
  coverages.byId = { a: told("a", "m1"), b: told("b", "m1") };
  view.theme = "night";
  view.pick({ kind: "search", id: "a" });
  podShown.on = false;
});
afterEach(async () => {
  podShown.on = false;
  await podShown.keepUp();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the POD map of the picked search", () => {
  it("is asked for once it is switched on, and again when there is another", async () => {
    await podShown.keepUp();
    expect(asked).toEqual([]);
    podShown.toggle(told("a", "m1"));
    await podShown.keepUp();
    await podShown.keepUp();
    expect(asked).toEqual(["/api/v1/searches/a/coverage/pod.png?theme=night"]);
    expect(podShown.laid).toMatchObject({ image: { number: 1 }, corners: CORNERS });
    coverages.byId = { ...coverages.byId, a: told("a", "m2") };
    expect(podShown.laid).toMatchObject({ image: { number: 1 } });
    await podShown.keepUp();
    expect(podShown.laid).toMatchObject({ image: { number: 2 } });
  });

  it("never shows another search's picture, nor one in the other theme's colours", async () => {
    podShown.toggle(told("a", "m1"));
    await podShown.keepUp();
    view.theme = "day";
    expect(podShown.laid).toBeNull();
    await podShown.keepUp();
    expect(podShown.laid).not.toBeNull();
    view.pick({ kind: "search", id: "b" });
    expect(podShown.laid).toBeNull();
    view.pick({ kind: "drone", id: "d1" });
    expect([podShown.wanted, podShown.laid, podShown.isOn("a")]).toEqual([null, null, false]);
  });

  it("picks the search whose switch is pressed", () => {
    podShown.toggle(told("b", "m1"));
    expect(view.isPicked("search", "b")).toBe(true);
    expect([podShown.isOn("a"), podShown.isOn("b")]).toEqual([false, true]);
    podShown.toggle(told("b", "m1"));
    expect(podShown.wanted).toBeNull();
  });

  it("drops a picture that comes when another is wanted", async () => {
    podShown.toggle(told("a", "m1"));
    const late = podShown.keepUp();
    view.pick({ kind: "search", id: "b" });
    await podShown.keepUp();
    await late;
    expect(podShown.laid).toMatchObject({ image: { number: 2 } });
    expect(asked.at(-1)).toContain("/b/");
  });

  it.each([null, 503])("says when it could not be had (%s), and asks again", async (status) => {
    answer = status;
    podShown.toggle(told("a", "m1"));
    await podShown.keepUp();
    expect([podShown.failed, podShown.laid]).toEqual([true, null]);
    await podShown.keepUp();
    expect(asked).toHaveLength(1);
    answer = 200;
    await vi.advanceTimersByTimeAsync(5000);
    await podShown.keepUp();
    expect(asked).toHaveLength(2);
    expect([podShown.failed, podShown.laid === null]).toEqual([false, false]);
  });
});
