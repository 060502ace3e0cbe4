/** Coverage of the searches that are shown: asked for again when their swept ground or sectors have changed. */
import { askCoverage, planSearch } from "../api/calls";
import { newId } from "../api/ids";
import { coverageMark, covered, type Coverage } from "../picture/coverage";
import { sortSearches } from "../picture/derive";
import type { Id, LonLat } from "../picture/types";
import { live } from "./live.svelte";
import { toasts } from "./toasts.svelte";
import { view } from "./view.svelte";
import { t } from "./words.svelte";

const LOOK_MS = 2000;
/** One search is asked for at most this often, and at least this often while others may have flown its gaps. */
const LEAST_MS = 6000;
const MOST_MS = 30_000;

class Coverages {
  byId = $state.raw<Readonly<Record<Id, Coverage>>>({});
  busy = $state(false);
  #asked = new Map<Id, { mark: string; atMs: number }>();

  /** Those shown on the map now. */
  get shown(): Coverage[] {
    const picked = view.picked?.kind === "search" ? view.picked.id : null;
    return covered(sortSearches(live.picture.searches), picked).flatMap((s) => this.byId[s.id] ?? []);
  }

  /** Keep up until the returned function is called. */
  follow(): () => void {
    const timer = window.setInterval(() => void this.#look(), LOOK_MS);
    void this.#look();
    return () => {
      window.clearInterval(timer);
      this.byId = {};
      this.#asked.clear();
    };
  }

  /** Post a search for each area that holds gaps; a pilot approves each as any other. */
  async flyAgain(coverage: Coverage): Promise<void> {
    this.busy = true;
    for (const wish of coverage.again) {
      const id = newId("S");
      const answer = await planSearch({ id, ...wish });
      if (!toasts.answer(answer, t("toast.planned"))) continue;
      view.pick({ kind: "search", id: answer.ok && answer.value ? answer.value : id }, (wish.area.coordinates[0] ?? []) as LonLat[]);
    }
    this.busy = false;
  }

  async #look(): Promise<void> {
    const picked = view.picked?.kind === "search" ? view.picked.id : null;
    const nowMs = Date.now();
    for (const search of covered(sortSearches(live.picture.searches), picked)) {
      const mark = coverageMark(search);
      const last = this.#asked.get(search.id);
      const wait = last?.mark === mark ? MOST_MS : LEAST_MS;
      if (last && nowMs - last.atMs < wait) continue;
      this.#asked.set(search.id, { mark, atMs: nowMs });
      const answer = await askCoverage(search.id);
      if (answer.ok && answer.value) this.byId = { ...this.byId, [search.id]: answer.value };
    }
  }
}

export const coverages = new Coverages();
