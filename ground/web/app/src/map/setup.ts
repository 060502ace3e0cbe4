/** Making the MapLibre map: its worker, style and gestures. North stays up: a turned map misleads at night. */
import {
  Map as MapLibre,
  ScaleControl,
  setWorkerUrl,
  type GeoJSONSource,
  type LayerSpecification,
  type StyleSpecification,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { FeatureCollection } from "geojson";
import type { MapSetup } from "../api/calls";
import { BASEMAP, basemapLayers, NAMES } from "./basemap";
import { overlayLayers, OVERLAYS, type Overlay } from "./layers";
import { EMPTY } from "./overlays";
import type { Palette } from "./palette";

setWorkerUrl(workerUrl);

function allLayers(p: Palette, tiles: boolean): LayerSpecification[] {
  const under: LayerSpecification[] = [{ id: "ground", type: "background", paint: { "background-color": p.ground } }];
  if (tiles) under.push({ id: "tiles", type: "raster", source: "tiles", paint: { "raster-opacity": p.tiles } });
  return [...under, ...basemapLayers(p), ...overlayLayers(p)];
}

function styleOf(setup: MapSetup, p: Palette): StyleSpecification {
  const empty = { type: "geojson" as const, data: EMPTY };
  const sources: StyleSpecification["sources"] = { [BASEMAP]: empty, [NAMES]: empty };
  for (const name of OVERLAYS) sources[name] = empty;
  if (setup.tiles.length > 0) sources["tiles"] = { type: "raster", tiles: setup.tiles, tileSize: 256 };
  return { version: 8, sources, layers: allLayers(p, setup.tiles.length > 0) };
}

export function createMap(container: HTMLElement, setup: MapSetup, palette: Palette): MapLibre {
  const map = new MapLibre({
    container,
    style: styleOf(setup, palette),
    center: [setup.centre.lon_deg, setup.centre.lat_deg],
    zoom: setup.zoom,
    minZoom: 3,
    maxZoom: 20,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 150,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 140, unit: "metric" }), "bottom-right");
  return map;
}

/** Repaint in another theme without loading anything again. */
export function repaint(map: MapLibre, palette: Palette): void {
  for (const layer of allLayers(palette, map.getSource("tiles") !== undefined)) {
    for (const [name, value] of Object.entries(layer.paint ?? {})) {
      map.setPaintProperty(layer.id, name as Parameters<MapLibre["setPaintProperty"]>[1], value);
    }
  }
}

export function show(map: MapLibre, source: Overlay | typeof BASEMAP | typeof NAMES, data: FeatureCollection): void {
  void map.getSource<GeoJSONSource>(source)?.setData(data);
}
