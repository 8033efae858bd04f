// Small comforts; every page works without them.

// Modules named by the page: <div data-module="/static/js/map.js">. Each exports `start(element)`.
function startModules(root) {
  for (const element of root.querySelectorAll("[data-module]:not([data-started])")) {
    element.dataset.started = "";
    import(element.dataset.module)
      .then((module) => module.start(element))
      .then(() => {
        element.dataset.ready = "";
      });
  }
}

// The summary of errors is read first.
function focusErrors(root) {
  root.querySelector("[data-focus]:not([data-sample] *)")?.focus();
}

// Menus made of <details> close on Escape and on a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details[open]");
  if (!menu?.matches("[data-menu], .confirm")) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Where the tabs do not fit beside each other, the one that is open is in sight.
document.querySelector(".tabs.is-of-entry [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// A form is sent once: a second press on its button while the answer is awaited does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// After a swap: a toast takes the focus, where a second Enter does nothing; else focus goes to the errors, or back to
// the same control where htmx could not keep it. The page does not move.
let focused = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== requestConfig.path.split("?")[0]) {
    event.preventDefault(); // led elsewhere: one has signed out in the meantime
    location.assign(location.href);
  }
  const name = ["id", "name", "href"].find((name) => document.activeElement?.getAttribute(name));
  focused = name ? `[${name}="${CSS.escape(document.activeElement.getAttribute(name))}"]` : null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.elt;
  startModules(document);
  const toast = document.querySelector("[data-toast]:not([data-started])");
  if (toast) {
    toast.dataset.started = "";
    return toast.focus({ preventScroll: true });
  }
  if (target.querySelector("[data-focus]")) return focusErrors(target);
  if (document.activeElement !== document.body || !focused) return;
  target.querySelector(focused)?.focus({ preventScroll: true });
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("form[data-sent]");
  if (form) delete form.dataset.sent;
  event.detail.elt.querySelector?.("[data-read]:focus")?.select(); // the next code read replaces this one
});

function closeToast(toast) {
  toast.remove();
  document.getElementById("main").focus({ preventScroll: true });
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) closeToast(event.target.closest("[data-toast]"));
});

// A list that stays true by itself: <div data-refresh="60" hx-get="…" hx-trigger="refresh">, in seconds. Not while the
// page is out of sight, or a field or a menu of the list is in use.
let refreshed = Date.now();
function refresh() {
  const list = document.querySelector("[data-refresh]");
  if (!list || document.hidden || Date.now() - refreshed < list.dataset.refresh * 1000) return;
  if (list.querySelector("details[open], input:focus, select:focus, textarea:focus")) return;
  refreshed = Date.now();
  list.dispatchEvent(new Event("refresh"));
}
if (document.querySelector("[data-refresh]")) setInterval(refresh, 5000);
document.addEventListener("visibilitychange", refresh);

// A drawing that a worker makes is answered without an image: its table opens, and the image is asked for again.
const AGAIN_MS = 3000;
const MOST_TIMES = 60;
function askAgain(image) {
  const figure = image.closest(".chart");
  const times = Number(figure.dataset.asked ?? 0);
  const waits = figure.querySelector(".chart-waits");
  if (waits) waits.hidden = times >= MOST_TIMES;
  if (times >= MOST_TIMES) return;
  const table = figure.querySelector("details");
  if (table && !times) table.open = true;
  figure.dataset.asked = times + 1;
  setTimeout(() => {
    image.src = image.getAttribute("src");
  }, AGAIN_MS);
}
const isChart = (element) => element.matches?.(".chart picture img");
document.addEventListener("error", (event) => isChart(event.target) && askAgain(event.target), true);
document.addEventListener(
  "load",
  (event) => {
    const waits = isChart(event.target) && event.target.closest(".chart").querySelector(".chart-waits");
    if (waits) waits.hidden = true;
  },
  true,
);
for (const image of document.querySelectorAll(".chart picture img")) {
  if (image.currentSrc && image.complete && !image.naturalWidth) askAgain(image); // failed before this script ran
}

// A button that prints the page stands where there are scripts.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

startModules(document);
focusErrors(document);
