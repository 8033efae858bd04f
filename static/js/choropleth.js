// The map of a table: areas painted by the class of their row, the figure under the pointer, a click to the row's page.
//
// <div class="map" hidden data-module data-table="#id" data-outlines="URL" …> as {% choropleth %} writes it. Each row of
// the table is <tr data-code="80021" data-class="3" data-text="120 companies"> (data-class empty: no data) and may hold
// a link. Outlines and points are GeoJSON; an outline's properties are code and name, a point's name and text.
// Keyboards and screen readers use the table. Without WebGL, or when anything fails, the drawing in data-instead stays.

import { geojson, script, stylesheet } from "./map.js";

// totem.core.rendering.choropleth.CLASSES
const CLASSES = ["#9ED3D6", "#52A8B5", "#1C7F93", "#005D75", "#093B57"];
const NO_DATA = "no-data";
const HATCH = [167, 159, 144, 255];
const TILE = 8;

function rows(selector) {
  const found = new Map();
  for (const row of document.querySelectorAll(`${selector} [data-code]`)) {
    const { code, text } = row.dataset;
    const level = row.dataset.class ? Number(row.dataset.class) : -1;
    found.set(code, { level, text: text ?? "", href: row.querySelector("a[href]")?.href ?? "" });
  }
  return found;
}

function painted(outlines, table) {
  const features = outlines.features.map((feature) => {
    const { code, name } = feature.properties;
    return { ...feature, properties: { code, name, level: -1, text: "", href: "", ...table.get(code) } };
  });
  return { type: "FeatureCollection", features };
}

function bounds(features) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const widen = (coordinates) => {
    if (typeof coordinates[0] !== "number") return coordinates.forEach(widen);
    const [lng, lat] = coordinates;
    box[0] = Math.min(box[0], lng);
    box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lng);
    box[3] = Math.max(box[3], lat);
  };
  for (const { geometry } of features) if (geometry) widen(geometry.coordinates);
  return box;
}

function hatched() {
  const data = new Uint8Array(TILE * TILE * 4);
  for (let n = 0; n < TILE * TILE; n += 1) {
    const onLine = ((n % TILE) + Math.floor(n / TILE)) % TILE < 2;
    data.set(onLine ? HATCH : [251, 248, 243, 255], 4 * n);
  }
  return { width: TILE, height: TILE, data };
}

function said(name, text) {
  const words = document.createElement("div");
  const title = document.createElement("strong");
  title.textContent = name;
  const figure = document.createElement("div");
  figure.textContent = text;
  words.append(title, figure);
  return words;
}

function paint(map, areas) {
  map.addImage(NO_DATA, hatched());
  map.addSource("areas", { type: "geojson", data: areas });
  const known = [">=", ["get", "level"], 0];
  const colour = CLASSES.flatMap((value, level) => (level ? [level, value] : [value]));
  map.addLayer({
    id: "areas",
    type: "fill",
    source: "areas",
    filter: known,
    paint: { "fill-color": ["step", ["get", "level"], ...colour], "fill-opacity": 0.92 },
  });
  map.addLayer({
    id: "unknown",
    type: "fill",
    source: "areas",
    filter: ["!", known],
    paint: { "fill-pattern": NO_DATA },
  });
  map.addLayer({ id: "edges", type: "line", source: "areas", paint: { "line-color": "#FBF8F3", "line-width": 0.7 } });
}

function frame(map, data) {
  map.addSource("frame", { type: "geojson", data });
  map.addLayer({ id: "frame", type: "line", source: "frame", paint: { "line-color": "#1B2333", "line-width": 1.6 } });
}

function dots(map, data) {
  map.addSource("dots", { type: "geojson", data });
  map.addLayer({
    id: "dots",
    type: "circle",
    source: "dots",
    paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 6, 2, 12, 5],
      "circle-color": "#1B2333",
      "circle-stroke-color": "#FBF8F3",
      "circle-stroke-width": 1,
    },
  });
}

function listen(map, popup) {
  const layers = ["dots", "areas", "unknown"].filter((id) => map.getLayer(id));
  const under = (event) => map.queryRenderedFeatures(event.point, { layers })[0];
  map.on("mousemove", (event) => {
    const feature = under(event);
    map.getCanvas().classList.toggle("is-link", Boolean(feature?.properties.href));
    if (!feature) return popup.remove();
    const { name, text } = feature.properties;
    popup.setLngLat(event.lngLat).setDOMContent(said(name ?? "", text ?? "")).addTo(map);
  });
  map.getCanvas().addEventListener("mouseleave", () => popup.remove());
  map.on("click", (event) => {
    const href = under(event)?.properties.href;
    if (href) location.assign(href);
  });
}

export async function start(element) {
  const { table, outlines, points, edge, instead } = element.dataset;
  const besides = (address) => (address ? geojson(address).catch(() => null) : null);
  let areas, line, sites;
  try {
    let shapes;
    [shapes, line, sites] = await Promise.all([
      geojson(outlines),
      besides(edge),
      besides(points),
      stylesheet(element.dataset.stylesheet),
      script(element.dataset.library),
    ]);
    areas = painted(shapes, rows(table));
  } catch {
    return;
  }
  if (!areas.features.length) return;
  const { maplibregl } = window;
  maplibregl.setWorkerUrl(element.dataset.worker);
  element.hidden = false;
  let map;
  try {
    map = new maplibregl.Map({
      container: element,
      style: element.dataset.style || {
        version: 8,
        sources: {},
        layers: [{ id: "paper", type: "background", paint: { "background-color": "#F1EADF" } }],
      },
      bounds: bounds(areas.features),
      fitBoundsOptions: { padding: 16 },
      attributionControl: Boolean(element.dataset.style) && { compact: true },
      cooperativeGestures: true,
      locale: JSON.parse(element.dataset.words),
      dragRotate: false,
      fadeDuration: 0,
    });
  } catch {
    element.hidden = true;
    return;
  }
  map.getCanvas().setAttribute("aria-label", element.dataset.label);
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  map.on("load", () => {
    paint(map, areas);
    if (line) frame(map, line);
    if (sites) dots(map, sites);
    listen(map, new maplibregl.Popup({ closeButton: false, closeOnClick: false, offset: 10, maxWidth: "260px" }));
    for (const drawing of instead ? document.querySelectorAll(instead) : []) drawing.hidden = true;
    map.once("idle", () => {
      element.dataset.painted = "";
    });
  });
}
