// A search beside a text field of places: what is chosen becomes a line of the field. The server fills the list (HTMX).

export function start(element) {
  const field = element.querySelector("textarea");
  const search = element.querySelector("[data-search]");
  const input = search.querySelector("input");
  const status = search.querySelector("[role=status]");

  function add() {
    const label = input.value.trim();
    if (!label) return;
    const lines = field.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!lines.includes(label)) lines.push(label);
    field.value = lines.join("\n");
    field.rows = Math.min(12, Math.max(field.rows, lines.length + 1));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    status.textContent = label;
    input.value = "";
    input.focus();
  }

  // An option taken from the list comes at once; letters come one by one and never whole.
  input.addEventListener("input", (event) => {
    const chosen = [...input.list.options].some((option) => option.value === input.value);
    if (chosen && event.inputType !== "insertText" && event.inputType !== "deleteContentBackward") add();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
  search.querySelector("button").addEventListener("click", add);
  search.hidden = false;
  element.querySelector("[data-without]").hidden = true;
}
