/** The picture of POD on the map: over the ground, under every line, mark and name. */
import type { ImageSource, ImageSourceImage, Map as MapLibre } from "maplibre-gl";
import type { Corners } from "./told";

const POD = "pod";
/** The lowest layer that stays above it. */
const ABOVE = "base-track";

/** What is used of a map. */
export type Under = Pick<MapLibre, "addLayer" | "addSource" | "getLayer" | "getSource" | "removeLayer" | "removeSource" | "setPaintProperty">;

/** Lay the picture between its corners, or take it off again (null). Cells stay square: what is shown was worked out. */
export function layPod(map: Under, laid: { image: ImageSourceImage; corners: Corners } | null, opacity: number): void {
  if (!laid) {
    if (map.getLayer(POD)) map.removeLayer(POD);
    if (map.getSource(POD)) map.removeSource(POD);
    return;
  }
  if (!map.getSource(POD)) {
    map.addSource(POD, { type: "image", coordinates: laid.corners });
    map.addLayer({ id: POD, type: "raster", source: POD, paint: { "raster-resampling": "nearest", "raster-fade-duration": 0 } }, ABOVE);
  }
  map.setPaintProperty(POD, "raster-opacity", opacity);
  map.getSource<ImageSource>(POD)?.updateImage({ image: laid.image, coordinates: laid.corners });
}
