/** The search area being drawn and the form beside it. */
import { newId } from "../api/ids";
import { planSearch } from "../api/calls";
import { problemOf, searchAreaM2, toPolygon, type RingProblem } from "../geo/polygon";
import { IDLE, step, type Draft, type Stroke } from "../map/draw/draft";
import type { Id } from "../picture/types";
import { toasts } from "./toasts.svelte";
import { view } from "./view.svelte";
import { t } from "./words.svelte";

export const HEIGHT_M = { low: 10, high: 500 };
export const SPEED_MPS = { low: 0.5, high: 30 };

class Drawing {
  draft = $state.raw<Draft>(IDLE);
  heightM = $state<number | null>(60);
  speedMps = $state<number | null>(12);
  /** Straight parallel lines only. */
  plain = $state(false);
  /** Empty: all that can fly. */
  drones = $state.raw<Id[]>([]);
  busy = $state(false);
  #id = "";

  get active(): boolean {
    return this.draft.stage !== "idle";
  }

  get problem(): RingProblem | null {
    return problemOf(this.draft.outer, this.draft.holes);
  }

  get areaM2(): number {
    return searchAreaM2(this.draft.outer, this.draft.holes);
  }

  get ready(): boolean {
    return this.draft.stage === "fixing" && this.problem === null && this.numbersGood;
  }

  get numbersGood(): boolean {
    return within(this.heightM, HEIGHT_M) && within(this.speedMps, SPEED_MPS);
  }

  start(): void {
    this.#id = newId("S");
    this.draft = step(IDLE, { do: "start" });
    view.tab = "searches";
    view.panelOpen = true;
    view.picked = null;
  }

  stroke(stroke: Stroke): void {
    this.draft = step(this.draft, stroke);
  }

  async plan(): Promise<void> {
    if (!this.ready || this.busy || this.heightM === null || this.speedMps === null) return;
    this.busy = true;
    const answer = await planSearch({
      id: this.#id,
      area: toPolygon(this.draft.outer, this.draft.holes),
      height_agl_m: this.heightM,
      speed_mps: this.speedMps,
      plain: this.plain,
      ...(this.drones.length > 0 ? { drones: this.drones } : {}),
    });
    this.busy = false;
    if (!toasts.answer(answer, t("toast.planned"))) {
      if (!answer.ok && answer.status !== 0) this.#id = newId("S");
      return;
    }
    view.pick({ kind: "search", id: answer.ok && answer.value ? answer.value : this.#id });
    this.draft = IDLE;
  }
}

function within(value: number | null, range: { low: number; high: number }): boolean {
  return value !== null && value >= range.low && value <= range.high;
}

export const drawing = new Drawing();
