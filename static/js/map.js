// A map of places beside their list in HTML. MapLibre's CSP build; without a base map France's outline is drawn.
// Without WebGL, or when anything fails, the element stays hidden: the list is there.

export function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = resolve;
    element.onerror = reject;
    document.head.append(element);
  });
}

export function stylesheet(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("link");
    element.rel = "stylesheet";
    element.href = address;
    element.onload = resolve;
    element.onerror = reject;
    document.head.append(element);
  });
}

const AGAIN_MS = 3000;
const MOST_TIMES = 60;

// The GeoJSON at an address; what a worker makes is answered 202 meanwhile, and asked for again.
export async function geojson(address) {
  for (let times = 0; times < MOST_TIMES; times += 1) {
    const answer = await fetch(address, { headers: { Accept: "application/geo+json, application/json" } });
    if (!answer.ok) break;
    if (answer.status !== 202) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new Error(address);
}

export function outline(address) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return {
    version: 8,
    sources: { land: { type: "geojson", data: address } },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": colour("--sea-wash") } },
      {
        id: "land",
        type: "fill",
        source: "land",
        paint: { "fill-color": ["case", ["has", "neighbour"], colour("--sand"), colour("--paper")] },
      },
      {
        id: "neighbours",
        type: "line",
        source: "land",
        filter: ["has", "neighbour"],
        paint: { "line-color": colour("--sand"), "line-width": 2 },
      },
      {
        id: "france",
        type: "line",
        source: "land",
        filter: ["!", ["has", "neighbour"]],
        paint: { "line-color": "#b9b0a1", "line-width": 1.25 },
      },
    ],
  };
}

function bounds(points) {
  const lngs = points.map((p) => p.lng);
  const lats = points.map((p) => p.lat);
  return [
    [Math.min(...lngs), Math.min(...lats)],
    [Math.max(...lngs), Math.max(...lats)],
  ];
}

function pin(point) {
  const element = document.createElement(point.href ? "a" : "span");
  if (point.href) element.href = point.href;
  element.className = "map-pin";
  element.setAttribute("aria-label", point.name);
  const name = document.createElement("span");
  name.textContent = point.name;
  element.append(name);
  if (point.text) element.title = point.text;
  return element;
}

const AIR = 4; // pixels between two names
const SIDES = ["top", "right", "bottom", "left"];

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function inside(a, b) {
  return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
}

function grown({ left, right, top, bottom }, by) {
  return { left: left - by, right: right + by, top: top - by, bottom: bottom + by };
}

// Each name on the side of its point where it covers nothing and leaves most room to the others, those with the fewest
// sides first; where there is none it shows on hover and focus.
function placeNames(element, pins) {
  const frame = element.getBoundingClientRect();
  const taken = [...element.querySelectorAll(".maplibregl-ctrl-group")].map((c) => c.getBoundingClientRect());
  const points = pins.map((marker) => grown(marker.getBoundingClientRect(), -12));
  const names = pins.map((marker, n) => {
    const boxes = SIDES.map((side) => {
      marker.dataset.side = side;
      return { side, ...grown(marker.firstElementChild.getBoundingClientRect(), AIR / 2) };
    });
    const fixed = [...taken, ...points.filter((_, other) => other !== n)];
    return { marker, boxes: boxes.filter((box) => inside(box, frame) && !fixed.some((other) => overlap(box, other))) };
  });
  names.sort((a, b) => a.boxes.length - b.boxes.length);
  names.forEach(({ marker, boxes }, n) => {
    const later = names.slice(n + 1).flatMap((name) => name.boxes);
    const covered = (box) => later.filter((other) => overlap(box, other)).length;
    const free = boxes.filter((box) => !taken.some((other) => overlap(box, other)));
    const best = free.reduce((least, box) => (least && covered(least) <= covered(box) ? least : box), null);
    marker.dataset.side = best?.side ?? "none";
    if (best) taken.push(best);
  });
}

export async function start(element) {
  const points = JSON.parse(element.dataset.points);
  if (!points.length) return;
  await Promise.all([stylesheet(element.dataset.stylesheet), script(element.dataset.library)]);
  const { maplibregl } = window;
  maplibregl.setWorkerUrl(element.dataset.worker);
  element.hidden = false;
  const edge = Math.min(72, element.clientWidth / 7);
  let map;
  try {
    map = new maplibregl.Map({
      container: element,
      style: element.dataset.style || outline(new URL(element.dataset.outline, location.href).href),
      bounds: bounds(points),
      fitBoundsOptions: { padding: { top: edge, bottom: edge, left: edge, right: edge + 40 }, maxZoom: element.dataset.style ? 14 : 6 },
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
  const pins = points.map((point) => {
    const marker = pin(point);
    new maplibregl.Marker({ element: marker, anchor: "center" }).setLngLat([point.lng, point.lat]).addTo(map);
    // MapLibre makes every marker a button; these are links.
    marker.removeAttribute("role");
    return marker;
  });
  const place = () => placeNames(element, pins);
  map.on("load", place);
  map.on("moveend", place);
  map.on("resize", place);
}
