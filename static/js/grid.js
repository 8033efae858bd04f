// Time grids with the keyboard: one stop for Tab, then arrows. Home and End go to the ends of a row, with Ctrl to the
// ends of the table; Page Up and Page Down to the week before and after ([data-grid-previous], [data-grid-next]).

// Page Up or Page Down was pressed: the table that replaces this one takes the focus.
let turning = false;

const LIVE = "a[href], button:not(:disabled)";

export function start(table) {
  const rows = () =>
    [...table.tBodies]
      .flatMap((body) => [...body.rows])
      .map((row) => [...row.querySelectorAll(`td ${LIVE.split(", ").join(", td ")}`)].filter((e) => e.offsetParent))
      .filter((row) => row.length);

  function stopAt(element) {
    for (const other of table.querySelectorAll(LIVE)) if (other.closest("td")) other.tabIndex = -1;
    element.tabIndex = 0;
  }

  function go(element) {
    if (!element) return;
    stopAt(element);
    element.focus();
  }

  const middle = (element) => {
    const box = element.getBoundingClientRect();
    return box.left + box.width / 2;
  };
  const nearest = (row, from) =>
    row?.reduce((best, e) => (Math.abs(middle(e) - middle(from)) < Math.abs(middle(best) - middle(from)) ? e : best));

  table.addEventListener("keydown", (event) => {
    const here = event.target.closest(LIVE);
    const all = rows();
    const y = all.findIndex((row) => row.includes(here));
    if (y < 0 || event.altKey || event.metaKey) return;
    const row = all[y];
    const x = row.indexOf(here);
    const whole = event.ctrlKey;
    const moves = {
      ArrowLeft: () => row[x - 1],
      ArrowRight: () => row[x + 1],
      ArrowUp: () => nearest(all[y - 1], here),
      ArrowDown: () => nearest(all[y + 1], here),
      Home: () => (whole ? all[0][0] : row[0]),
      End: () => (whole ? all.at(-1).at(-1) : row.at(-1)),
    };
    if (moves[event.key]) {
      event.preventDefault();
      go(moves[event.key]());
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      const link = document.querySelector(event.key === "PageUp" ? "[data-grid-previous]" : "[data-grid-next]");
      if (!link) return;
      event.preventDefault();
      turning = true;
      link.click();
    }
  });
  table.addEventListener("focusin", (event) => {
    if (event.target.matches(LIVE) && event.target.closest("td")) stopAt(event.target);
  });

  const first = table.querySelector("td [aria-current]") ?? rows()[0]?.[0];
  if (first) stopAt(first);
  if (turning) first?.focus();
  turning = false;
}
