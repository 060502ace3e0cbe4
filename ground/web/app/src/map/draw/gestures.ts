/** Clicks on the map while an area is drawn: corners, closing on the first corner or by double click. */
import type { Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import type { LonLat } from "../../picture/types";
import { drawing } from "../../state/drawing.svelte";

/** A click this near to the last corner is the second half of a double click, px. */
const SAME_PX = 8;
/** A click this near to the first corner closes the ring, px. */
const FIRST_PX = 14;

function openRing(): readonly LonLat[] {
  const { draft } = drawing;
  return draft.stage === "hole" ? draft.hole : draft.stage === "outer" ? draft.outer : [];
}

/** Follow clicks until the returned function is called; `pointer` hears where the mouse is. */
export function followClicks(map: MapLibre, pointer: (at: LonLat | null) => void): () => void {
  const near = (event: MapMouseEvent, corner: LonLat | undefined, px: number): boolean =>
    corner !== undefined && map.project(corner).dist(event.point) < px;
  const click = (event: MapMouseEvent): void => {
    const ring = openRing();
    if (near(event, ring.at(-1), SAME_PX)) return;
    if (ring.length >= 3 && near(event, ring[0], FIRST_PX)) drawing.stroke({ do: "close" });
    else drawing.stroke({ do: "corner", at: [event.lngLat.lng, event.lngLat.lat] });
  };
  const double = (): void => drawing.stroke({ do: "close" });
  const move = (event: MapMouseEvent): void => pointer([event.lngLat.lng, event.lngLat.lat]);
  const leave = (): void => pointer(null);
  map.doubleClickZoom.disable();
  map.getCanvas().style.cursor = "crosshair";
  const followed = [
    map.on("click", click),
    map.on("dblclick", double),
    map.on("mousemove", move),
    map.on("mouseout", leave),
  ];
  return () => {
    for (const subscription of followed) subscription.unsubscribe();
    map.doubleClickZoom.enable();
    map.getCanvas().style.cursor = "";
    pointer(null);
  };
}

/** The key's stroke while drawing; true when it was one. `centre` is the middle of the map. */
export function drawKey(event: KeyboardEvent, centre: LonLat): boolean {
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (target?.closest("input, select, textarea, [role=dialog]")) return false;
  const onButton = target?.closest("button, a") !== null && target !== null;
  switch (event.key) {
    case "Escape":
      drawing.stroke({ do: "cancel" });
      return true;
    case "Backspace":
      drawing.stroke({ do: "undo" });
      return true;
    case "Enter":
      if (onButton) return false;
      drawing.stroke({ do: "close" });
      return true;
    case " ":
      if (onButton) return false;
      drawing.stroke({ do: "corner", at: centre });
      return true;
    default:
      return false;
  }
}
