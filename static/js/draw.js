// A map that writes a shape, as GeoJSON, in the text field beside it. Without WebGL, or when anything fails, the map
// stays hidden and the field is there. A `change` that bubbles tells of each shape finished, moved or removed.
//
// Written by territories/draw.html. Shapes with holes or many corners are shown, and drawing replaces them.

import { geojson, outline, script, stylesheet } from "./map.js";

const FRANCE = [[-5.2, 41.3], [9.6, 51.1]];
const MOST_CORNERS = 400;
const DIGITS = 1e6;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function polygonsOf(text) {
  const found = [];
  const collect = (node) => {
    if (node?.type === "Polygon") found.push(node.coordinates);
    else if (node?.type === "MultiPolygon") found.push(...node.coordinates);
    else if (node?.type === "Feature") collect(node.geometry);
    else for (const member of node?.features ?? node?.geometries ?? []) collect(member);
  };
  try {
    collect(JSON.parse(text));
  } catch {
    return [];
  }
  return found.filter((rings) => Array.isArray(rings) && rings.length && rings.every((ring) => ring.length > 3));
}

function rounded(ring) {
  return ring.map(([lng, lat]) => [Math.round(lng * DIGITS) / DIGITS, Math.round(lat * DIGITS) / DIGITS]);
}

function geometry(polygons) {
  if (!polygons.length) return "";
  const plain = polygons.map((rings) => rings.map(rounded));
  return JSON.stringify(
    plain.length === 1 ? { type: "Polygon", coordinates: plain[0] } : { type: "MultiPolygon", coordinates: plain },
  );
}

function bounds(polygons) {
  const points = polygons.flat(2);
  if (!points.length) return FRANCE;
  const lngs = points.map((point) => point[0]);
  const lats = points.map((point) => point[1]);
  const least = (values) => values.reduce((a, b) => Math.min(a, b));
  const most = (values) => values.reduce((a, b) => Math.max(a, b));
  return [[least(lngs), least(lats)], [most(lngs), most(lats)]];
}

function collection(polygons) {
  const features = polygons.map((coordinates) => ({
    type: "Feature",
    properties: {},
    geometry: { type: "Polygon", coordinates },
  }));
  return { type: "FeatureCollection", features };
}

function isEditable(polygons) {
  const corners = polygons.flat(2).length;
  return corners <= MOST_CORNERS && polygons.every((rings) => rings.length === 1);
}

async function opened(element, canvas, shown) {
  const { dataset } = element;
  await Promise.all([stylesheet(dataset.stylesheet), script(dataset.library), script(dataset.draw)]);
  await script(dataset.adapter);
  const { maplibregl } = window;
  maplibregl.setWorkerUrl(dataset.worker);
  const map = new maplibregl.Map({
    container: canvas,
    style: dataset.style || outline(new URL(dataset.outline, location.href).href),
    bounds: bounds(shown),
    fitBoundsOptions: { padding: 40, maxZoom: 13 },
    attributionControl: Boolean(dataset.style) && { compact: true },
    cooperativeGestures: true,
    locale: JSON.parse(dataset.words),
    dragRotate: false,
    fadeDuration: 0,
  });
  map.getCanvas().setAttribute("aria-label", dataset.label);
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  await new Promise((resolve, reject) => {
    map.once("load", resolve);
    map.once("error", ({ error }) => reject(error));
  });
  return map;
}

function pens() {
  const { TerraDrawPolygonMode, TerraDrawSelectMode } = window.terraDraw;
  const ink = colour("--accent") || "#0b5c73";
  const styles = { fillColor: ink, fillOpacity: 0.2, outlineColor: ink, outlineWidth: 3, closingPointColor: ink };
  const coordinates = { midpoints: true, draggable: true, deletable: true };
  const selected = {
    selectedPolygonColor: ink,
    selectedPolygonFillOpacity: 0.2,
    selectedPolygonOutlineColor: ink,
    selectedPolygonOutlineWidth: 3,
    selectionPointColor: ink,
    midPointColor: ink,
  };
  return [
    new TerraDrawPolygonMode({ styles }),
    new TerraDrawSelectMode({ flags: { polygon: { feature: { draggable: true, coordinates } } }, styles: selected }),
  ];
}

// Below what is drawn: the limits of communes when the page names them, and a shape too rich to be edited.
function underlay(map, outlines) {
  const ink = colour("--accent") || "#0b5c73";
  map.addSource("given", { type: "geojson", data: collection([]) });
  if (outlines) {
    map.addSource("outlines", { type: "geojson", data: collection([]) });
    geojson(outlines).then((limits) => map.getSource("outlines").setData(limits), () => {});
    map.addLayer({ id: "outlines", type: "line", source: "outlines", paint: { "line-color": "#b9b0a1", "line-width": 0.75 } });
  }
  map.addLayer({ id: "given-fill", type: "fill", source: "given", paint: { "fill-color": ink, "fill-opacity": 0.2 } });
  map.addLayer({ id: "given-line", type: "line", source: "given", paint: { "line-color": ink, "line-width": 3 } });
}

export async function start(element) {
  const field = element.querySelector("textarea");
  const board = element.querySelector("[data-drawing-board]");
  const status = board.querySelector("[data-status]");
  const tool = (name) => board.querySelector(`[data-tool="${name}"]`);
  board.hidden = false;
  let map;
  try {
    map = await opened(element, board.querySelector("[data-canvas]"), polygonsOf(field.value));
  } catch {
    board.hidden = true;
    return;
  }
  const { TerraDraw } = window.terraDraw;
  const { TerraDrawMapLibreGLAdapter } = window.terraDrawMaplibreGlAdapter;
  underlay(map, element.dataset.outlines);
  const draw = new TerraDraw({ adapter: new TerraDrawMapLibreGLAdapter({ map }), modes: pens() });
  draw.start();

  const drawn = () =>
    draw
      .getSnapshot()
      .filter((feature) => feature.geometry.type === "Polygon" && feature.properties.mode === "polygon")
      .map((feature) => feature.geometry.coordinates);

  function tell() {
    field.value = geometry(drawn());
    status.textContent = field.value ? element.dataset.drawn : "";
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function show() {
    const polygons = polygonsOf(field.value);
    const editable = isEditable(polygons);
    draw.setMode("select");
    draw.clear();
    map.getSource("given").setData(collection(editable ? [] : polygons));
    if (editable) {
      draw.addFeatures(
        polygons.map((rings) => ({
          type: "Feature",
          properties: { mode: "polygon" },
          geometry: { type: "Polygon", coordinates: rings.map(rounded) },
        })),
      );
    }
    status.textContent = polygons.length ? (editable ? element.dataset.drawn : element.dataset.shown) : "";
    if (polygons.length) map.fitBounds(bounds(polygons), { padding: 40, maxZoom: 13, animate: false });
  }

  draw.on("finish", (id, context) => {
    if (context.action === "draw") {
      map.getSource("given").setData(collection([]));
      draw.setMode("select");
      draw.selectFeature(id);
    }
    tell();
  });
  tool("draw").addEventListener("click", () => {
    draw.setMode("polygon");
    status.textContent = element.dataset.drawing;
  });
  tool("clear").addEventListener("click", () => {
    draw.setMode("select");
    draw.clear();
    map.getSource("given").setData(collection([]));
    tell();
  });
  field.addEventListener("input", show);
  show();
  for (const button of board.querySelectorAll("[data-tool]")) button.disabled = false;
}
