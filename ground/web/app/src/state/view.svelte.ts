/** What is shown and what is picked out. */
import type { Id, LonLat } from "../picture/types";
import { recall, remember } from "./memory";

export type Theme = "night" | "day";
export const TABS = ["incidents", "drones", "searches", "units"] as const;
export type Tab = (typeof TABS)[number];
export type Picked = { kind: "incident" | "drone" | "search" | "unit"; id: Id };

class View {
  theme = $state<Theme>(recall("theme", ["night", "day"], "night"));
  tab = $state<Tab>("incidents");
  panelOpen = $state(true);
  legendOpen = $state(false);
  picked = $state.raw<Picked | null>(null);
  /** Where the map is asked to go; a new object each time. */
  goal = $state.raw<{ places: LonLat[] } | null>(null);
  fitAsked = $state(0);

  toggleTheme(): void {
    this.theme = this.theme === "night" ? "day" : "night";
    remember("theme", this.theme);
  }

  /** Open a tab on a thing; `places` moves the map there. */
  pick(picked: Picked, places: LonLat[] = []): void {
    this.picked = picked;
    this.tab = `${picked.kind === "search" ? "searche" : picked.kind}s` as Tab;
    this.panelOpen = true;
    if (places.length > 0) this.goal = { places };
  }

  isPicked(kind: Picked["kind"], id: Id): boolean {
    return this.picked?.kind === kind && this.picked.id === id;
  }
}

export const view = new View();
