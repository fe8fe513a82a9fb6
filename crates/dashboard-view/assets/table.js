// Tables whose columns sort: `<table data-sortable>`; a cell sorts by its `data-sort`, or by its text.
const texts = JSON.parse(document.body.dataset.texts ?? "{}");

const key = (row, column) => {
  const cell = row.cells[column];
  return cell?.dataset.sort ?? cell?.textContent.trim() ?? "";
};

// What is empty comes last, whichever way is sorted.
const compare = (a, b, way) => {
  if (a === b) return 0;
  if (a === "") return 1;
  if (b === "") return -1;
  const numbers = [Number(a), Number(b)];
  const order = numbers.some(Number.isNaN) ? a.localeCompare(b, undefined, { numeric: true }) : numbers[0] - numbers[1];
  return way * order;
};

const sort = (table, header, column) => {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => compare(key(a, column), key(b, column), ascending ? 1 : -1));
  body.append(...rows);
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const said = document.getElementById("spoken");
  if (said) said.textContent = `${header.textContent.trim()}: ${texts[ascending ? "js.ascending" : "js.descending"]}`;
};

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const headers = [...(table.tHead?.rows[0]?.cells ?? [])];
  headers.forEach((header, column) => {
    if (!header.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(table, header, column));
  });
}

const filter = document.querySelector("[data-filter]");
if (filter) {
  const rows = [...(document.getElementById(filter.dataset.filter)?.tBodies[0]?.rows ?? [])];
  filter.closest("label").hidden = false;
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of rows) row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  });
}
