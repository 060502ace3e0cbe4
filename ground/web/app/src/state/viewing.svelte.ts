/** Why video and images are looked at: asked once for each search or incident, then kept while the page is open. */
import { viewReference } from "../picture/derive";
import type { Id } from "../picture/types";
import { live } from "./live.svelte";
import { t } from "./words.svelte";

export interface Reference {
  kind: "search" | "incident";
  id: Id;
}
export interface Grant extends Reference {
  purpose: string;
}

class Viewing {
  #grants = $state.raw<readonly Grant[]>([]);
  asked = $state.raw<{ reference: Reference; then: () => void } | null>(null);
  large = $state.raw<Id | null>(null);
  /** Whether thermal tiles are open in the drone list. */
  tiles = $state(false);

  get reference(): Reference | null {
    return viewReference(live.picture);
  }

  grantFor(reference: Reference | null): Grant | null {
    return this.#grants.find((g) => g.kind === reference?.kind && g.id === reference.id) ?? null;
  }

  /** The purpose the video runs under: that of the present search or incident, else the newest given. */
  get videoGrant(): Grant | null {
    return this.grantFor(this.reference);
  }

  defaultPurpose(reference: Reference): string {
    return t(`purpose.${reference.kind}`, { id: reference.id });
  }

  /** Run `then` under a purpose for `reference`, asking for one first when there is none yet. */
  under(reference: Reference, then: () => void): void {
    if (this.grantFor(reference)) then();
    else this.asked = { reference, then };
  }

  give(purpose: string): void {
    const asked = this.asked;
    if (!asked) return;
    this.#grants = [...this.#grants, { ...asked.reference, purpose }];
    this.asked = null;
    asked.then();
  }

  /** A new session asks again. */
  forget(): void {
    this.#grants = [];
    this.asked = null;
    this.large = null;
    this.tiles = false;
  }
}

export const viewing = new Viewing();
