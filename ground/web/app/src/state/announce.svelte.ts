/** Says aloud when an incident opens that was not there before. */
import type { Id, Incident } from "../picture/types";
import { toasts } from "./toasts.svelte";
import { t, word } from "./words.svelte";

let known: ReadonlySet<Id> | null = null;

/** The first picture is what was there already: nothing is announced for it. */
export function announceNew(incidents: Readonly<Record<Id, Incident>>): void {
  const before = known;
  known = new Set(Object.keys(incidents));
  if (!before) return;
  for (const incident of Object.values(incidents)) {
    if (before.has(incident.id) || incident.state !== "open") continue;
    toasts.say("alert", t("toast.sighting", { kind: word("incident", incident.kind) }));
  }
}
