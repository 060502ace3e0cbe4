/** Where places are on the screen, kept up as the map moves; components that read it follow by themselves. */
import type { Map as MapLibre } from "maplibre-gl";
import type { LonLat } from "../picture/types";

export interface Point {
  x: number;
  y: number;
}

export class Screen {
  #moves = $state(0);
  #map: MapLibre;

  constructor(map: MapLibre) {
    this.#map = map;
    let count = 0;
    const moved = (): void => {
      count += 1;
      this.#moves = count;
    };
    map.on("move", moved);
    map.on("resize", moved);
  }

  at(place: LonLat): Point {
    void this.#moves;
    const { x, y } = this.#map.project(place);
    return { x, y };
  }

  place(point: Point): LonLat {
    const { lng, lat } = this.#map.unproject([point.x, point.y]);
    return [lng, lat];
  }

  get size(): { width: number; height: number } {
    void this.#moves;
    const { clientWidth, clientHeight } = this.#map.getContainer();
    return { width: clientWidth, height: clientHeight };
  }

  get zoom(): number {
    void this.#moves;
    return this.#map.getZoom();
  }

  get centre(): LonLat {
    void this.#moves;
    const { lng, lat } = this.#map.getCenter();
    return [lng, lat];
  }
}
