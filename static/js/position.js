// A map with a point to move: it writes the latitude and the longitude in the fields beside it, and follows them.
// Without WebGL, base map or outline, or when anything fails, the map stays hidden and the fields are there. Written by
// core/components/position_map.html.

import { geojson, outline, script, stylesheet } from "./map.js";

const DIGITS = 6;

function degrees(field) {
  return Number(field.value.trim().replace(",", ".").replace("\u2212", "-"));
}

function written(value) {
  const format = { minimumFractionDigits: DIGITS, maximumFractionDigits: DIGITS, useGrouping: false };
  return value.toLocaleString(document.documentElement.lang, format);
}

// The outline to draw, null where there is none: of what is not loaded, say.
async function outlineAt(address) {
  const found = address ? await geojson(address).catch(() => null) : null;
  return found?.features?.length ? found : null;
}

function draw(map, data) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--sea").trim();
  map.on("load", () => {
    map.addSource("around", { type: "geojson", data });
    map.addLayer({ id: "around", type: "line", source: "around", paint: { "line-color": colour, "line-width": 1.5 } });
  });
}

export async function start(element) {
  const { dataset } = element;
  const fields = [dataset.longitude, dataset.latitude].map((id) => document.getElementById(id));
  const typed = () => fields.map(degrees);
  const around = await outlineAt(dataset.around);
  if (!dataset.style && !around) return; // a point on an empty sheet says nothing
  await Promise.all([stylesheet(dataset.stylesheet), script(dataset.library)]);
  const { maplibregl } = window;
  maplibregl.setWorkerUrl(dataset.worker);
  element.hidden = false;
  let map;
  try {
    map = new maplibregl.Map({
      container: element,
      style: dataset.style || outline(new URL(dataset.outline, location.href).href),
      center: typed(),
      zoom: dataset.style ? 14 : 11,
      attributionControl: Boolean(dataset.style) && { compact: true },
      cooperativeGestures: true,
      locale: JSON.parse(dataset.words),
      dragRotate: false,
      fadeDuration: 0,
    });
  } catch {
    element.hidden = true;
    return;
  }
  map.getCanvas().setAttribute("aria-label", dataset.label);
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
  if (around) draw(map, around);
  const pin = document.createElement("span");
  pin.className = "map-pin";
  const marker = new maplibregl.Marker({ element: pin, anchor: "center", draggable: true }).setLngLat(typed()).addTo(map);
  // MapLibre makes every marker a button; for who does not point, the fields do the same.
  pin.removeAttribute("role");
  pin.removeAttribute("aria-label");
  pin.removeAttribute("tabindex");
  pin.setAttribute("aria-hidden", "true");
  const write = ({ lng, lat }) => {
    [lng, lat].forEach((value, place) => {
      fields[place].value = written(value);
    });
  };
  marker.on("dragend", () => write(marker.getLngLat()));
  map.on("click", (event) => {
    marker.setLngLat(event.lngLat);
    write(event.lngLat);
  });
  for (const field of fields) {
    field.addEventListener("change", () => {
      const [lng, lat] = typed();
      if (Math.abs(lng) <= 180 && Math.abs(lat) <= 90) {
        marker.setLngLat([lng, lat]);
        map.setCenter([lng, lat]);
      }
    });
  }
}
