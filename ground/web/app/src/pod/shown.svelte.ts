/** The POD map of the picked search: asked for when its coverage has changed, kept until the next is here. */
import { askPodPicture } from "../api/calls";
import type { Coverage } from "../picture/coverage";
import type { Id } from "../picture/types";
import { coverages } from "../state/coverage.svelte";
import { view, type Theme } from "../state/view.svelte";
import type { PodMap } from "./told";

/** A picture that could not be had is asked for again after this long. */
const AGAIN_MS = 4000;

interface Picture {
  search: Id;
  theme: Theme;
  image: ImageBitmap;
}

class PodShown {
  on = $state(false);
  /** The newest picture could not be had. */
  failed = $state(false);
  #picture = $state.raw<Picture | null>(null);
  #tries = $state(0);
  #asked = "";

  /** The search whose POD is to be seen, and what its coverage tells of it. */
  get wanted(): { search: Id; sweeps: Id[]; map: PodMap } | null {
    if (!this.on) return null;
    const of = coverages.shown.find((c) => view.isPicked("search", c.search));
    return of?.pod ? { search: of.search, sweeps: of.figures.sweeps, map: of.pod } : null;
  }

  /** What lies on the map: never another search's picture, nor one in the other theme's colours. */
  get laid(): { image: ImageBitmap; corners: PodMap["corners"] } | null {
    const [wanted, picture] = [this.wanted, this.#picture];
    if (!wanted || picture?.search !== wanted.search || picture.theme !== view.theme) return null;
    return { image: picture.image, corners: wanted.map.corners };
  }

  isOn(search: Id): boolean {
    return this.on && view.isPicked("search", search);
  }

  /** Show the POD of a search, which picks it, or no more of it. */
  toggle(of: Coverage): void {
    this.on = !this.isOn(of.search);
    if (this.on && !view.isPicked("search", of.search)) view.pick({ kind: "search", id: of.search }, of.pod?.corners);
  }

  /** Ask for what is wanted and not here; in an effect, it follows by itself. */
  async keepUp(): Promise<void> {
    const { wanted } = this;
    const theme = view.theme;
    void this.#tries;
    const key = wanted ? `${wanted.search} ${theme} ${wanted.map.mark}` : "";
    if (key === this.#asked) return;
    this.#asked = key;
    if (!wanted) {
      this.#picture = null;
      this.failed = false;
      return;
    }
    const image = await askPodPicture(wanted.search, theme);
    if (this.#asked !== key) return;
    this.failed = image === null;
    if (image) this.#picture = { search: wanted.search, theme, image };
    else window.setTimeout(() => this.#again(key), AGAIN_MS);
  }

  #again(key: string): void {
    if (this.#asked !== key) return;
    this.#asked = "";
    this.#tries += 1;
  }
}

export const podShown = new PodShown();
