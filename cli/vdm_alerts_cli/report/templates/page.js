"use strict";
for (const table of document.querySelectorAll("table.scopes")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    if (heads[column].dataset.sort === "text") return cell.textContent;
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  // Unknown values are last in both directions.
  const compare = (a, b, direction) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return direction * (typeof a === "string" ? a.localeCompare(b) : a - b);
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const isText = head.dataset.sort === "text";
      const before = head.getAttribute("aria-sort") || (isText ? "descending" : "ascending");
      const order = before === "ascending" ? "descending" : "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const direction = order === "ascending" ? 1 : -1;
      rows.sort((a, b) => compare(value(a, column), value(b, column), direction));
      body.append(...rows);
    });
  });
  if (rows.length < 2) continue;
  const controls = document.createElement("div");
  controls.className = "controls";
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = "Filter by name";
  search.setAttribute("aria-label", `Filter by name: ${heads[0].textContent}`);
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  label.append(box, " Only with an open alert or at a threshold");
  const count = document.createElement("output");
  const filter = () => {
    const text = search.value.trim().toLowerCase();
    let visible = 0;
    for (const row of rows) {
      const matches = row.cells[0].textContent.toLowerCase().includes(text);
      row.hidden = !matches || (box.checked && row.dataset.attention === undefined);
      visible += row.hidden ? 0 : 1;
    }
    count.value = visible === rows.length ? "" : `${visible} of ${rows.length}`;
  };
  search.addEventListener("input", filter);
  box.addEventListener("change", filter);
  controls.append(search, label, count);
  table.parentElement.before(controls);
}
