/** Where each label goes so that none covers another or an icon. Pure, in screen px. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Wanted {
  id: string;
  /** The icon's centre. */
  x: number;
  y: number;
  /** Radius to keep clear around the icon. */
  clear: number;
  width: number;
  height: number;
  /** It may stay unshown where it would cover others; its icon says enough until it is picked or pointed at. */
  optional?: boolean;
}

export type Side = "right" | "left" | "above" | "below" | "right_up" | "right_down" | "left_up" | "left_down";

export interface Placed {
  side: Side;
  /** Top-left corner from the icon's centre. */
  dx: number;
  dy: number;
  hidden: boolean;
}

const SIDES: readonly Side[] = ["right", "left", "above", "below", "right_up", "right_down", "left_up", "left_down"];
/** How much worse the second, third, ... side is than overlapping one px2 less. */
const SIDE_COST = 20;
const KEEP_BONUS = 60;
/** Share of an optional label that may lie on others before it stays unshown; more for one that is shown already. */
const CROWDED = 0.15;
const STILL_SHOWN = 0.3;

/**
 * A place for every label: those that must show first, each kind first come first served. `before` gives the last
 * sides of the labels shown, so that they neither jump about nor blink.
 */
export function placeLabels(
  wanted: readonly Wanted[],
  before: ReadonlyMap<string, Side>,
  frame: Box,
): ReadonlyMap<string, Placed> {
  const icons = wanted.map((w) => ({ id: w.id, box: around(w) }));
  const taken: Box[] = [];
  const places = new Map<string, Placed>();
  for (const w of [...wanted.filter((w) => !w.optional), ...wanted.filter((w) => w.optional)]) {
    const others = icons.filter((icon) => icon.id !== w.id).map((icon) => icon.box);
    const options = SIDES.map((side, rank) => {
      const box = boxAt(w, side);
      const overlap = [...taken, ...others].reduce((sum, other) => sum + overlapPx2(box, other), 0);
      const outside = box.width * box.height - overlapPx2(box, frame);
      const kept = before.get(w.id) === side ? KEEP_BONUS : 0;
      return { side, box, overlap, cost: overlap + outside + rank * SIDE_COST - kept };
    });
    const best = options.reduce((a, b) => (b.cost < a.cost ? b : a));
    const room = before.has(w.id) ? STILL_SHOWN : CROWDED;
    const hidden = w.optional === true && best.overlap > room * w.width * w.height;
    if (!hidden) taken.push(best.box);
    places.set(w.id, { side: best.side, dx: best.box.x - w.x, dy: best.box.y - w.y, hidden });
  }
  return places;
}

function around(w: Wanted): Box {
  return { x: w.x - w.clear, y: w.y - w.clear, width: 2 * w.clear, height: 2 * w.clear };
}

function boxAt(w: Wanted, side: Side): Box {
  const gap = w.clear + 4;
  const { width, height } = w;
  const diagonal = (right: boolean, up: boolean): Box => ({
    x: right ? w.x + w.clear * 0.8 : w.x - w.clear * 0.8 - width,
    y: up ? w.y - w.clear * 0.8 - height : w.y + w.clear * 0.8,
    width,
    height,
  });
  switch (side) {
    case "right":
      return { x: w.x + gap, y: w.y - height / 2, width, height };
    case "left":
      return { x: w.x - gap - width, y: w.y - height / 2, width, height };
    case "above":
      return { x: w.x - width / 2, y: w.y - gap - height, width, height };
    case "below":
      return { x: w.x - width / 2, y: w.y + gap, width, height };
    case "right_up":
      return diagonal(true, true);
    case "right_down":
      return diagonal(true, false);
    case "left_up":
      return diagonal(false, true);
    case "left_down":
      return diagonal(false, false);
  }
}

export function overlapPx2(a: Box, b: Box): number {
  const w = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return w > 0 && h > 0 ? w * h : 0;
}
