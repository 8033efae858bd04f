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

// After a swap: focus goes back to the same control where htmx could not keep it, or to the errors.
let focused = null;
document.addEventListener("htmx:beforeSwap", () => {
  const active = document.activeElement;
  focused = active?.id || (active?.name && `[name="${CSS.escape(active.name)}"]`) || null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  const target = event.detail.elt;
  startModules(document);
  if (target.querySelector("[data-focus]")) return focusErrors(target);
  if (document.activeElement !== document.body || !focused) return;
  (focused.startsWith("[") ? target.querySelector(focused) : document.getElementById(focused))?.focus();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("form[data-sent]");
  if (form) delete form.dataset.sent;
});

startModules(document);
focusErrors(document);
