/** The hatching of gaps: stripes that tile, one image a theme. Drawn as pixels, so that no canvas is needed. */
import type { Map as MapLibre } from "maplibre-gl";

const SIDE = 16;
const STRIPE = 5;

/** RGBA pixels of diagonal stripes in a #rrggbb colour, SIDE x SIDE. */
export function hatched(colour: string): { width: number; height: number; data: Uint8Array } {
  const rgb = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const data = new Uint8Array(SIDE * SIDE * 4);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const on = (x + y) % SIDE < STRIPE;
      data.set([...rgb, on ? 230 : 40], (y * SIDE + x) * 4);
    }
  }
  return { width: SIDE, height: SIDE, data };
}

/** The image's name for a colour: each theme has its own. */
export function hatchName(colour: string): string {
  return `hatch-${colour.slice(1)}`;
}

export function addHatches(map: MapLibre, colours: readonly string[]): void {
  for (const colour of colours) {
    if (!map.hasImage(hatchName(colour))) map.addImage(hatchName(colour), hatched(colour), { pixelRatio: 2 });
  }
}
