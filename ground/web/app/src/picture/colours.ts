/** One colour slot a drone, the same for its icon, sector, footprint and video frame. */

export const SLOTS = 8;

/** Slots by drone id. Who has one keeps it; newcomers take the lowest free slot in id order, then they repeat. */
export function assignSlots(before: ReadonlyMap<string, number>, ids: readonly string[]): ReadonlyMap<string, number> {
  if (ids.every((id) => before.has(id))) return before;
  const slots = new Map(before);
  for (const id of [...ids].sort()) {
    if (!slots.has(id)) slots.set(id, leastUsed([...slots.values()]));
  }
  return slots;
}

function leastUsed(taken: readonly number[]): number {
  const uses = Array.from({ length: SLOTS }, (_, slot) => taken.filter((t) => t === slot).length);
  return uses.indexOf(Math.min(...uses));
}

/** Bright on the night map, deep on the day map; neither red (incidents) nor amber (warnings). */
const NIGHT = ["#4cc3ff", "#c79bff", "#5fe0a3", "#ff9fd0", "#d6e35c", "#7fa8ff", "#4fe0dc", "#e8b79a"] as const;
const DAY = ["#0068b3", "#7a3fc4", "#0c7a4a", "#b3277a", "#66700a", "#3350c8", "#00747a", "#8a5330"] as const;

/** CSS colour of a slot in a theme. */
export function slotColour(slot: number, night: boolean): string {
  const palette = night ? NIGHT : DAY;
  return palette[slot % SLOTS] ?? palette[0];
}
