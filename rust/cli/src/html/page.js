// Makes buttons of the headings of tables, to sort by. Without it the page is whole.
"use strict";

// What a row is sorted by: a number where its cell has one, words where the column has words.
function keyOf(group, column) {
  const cell = group.rows[0].cells[column];
  if (cell.tagName === "TH") return cell.textContent;
  return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
}

// What has no figure comes last, whichever way.
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "string") return sign * a.localeCompare(b);
  return sign * (a > b) - sign * (a < b);
}

function sort(table, heading, column) {
  const groups = [...table.tBodies];
  const isWords = heading.classList.contains("words");
  const was = heading.getAttribute("aria-sort");
  const first = isWords || column === 0 ? "ascending" : "descending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = was === first ? second : first;
  const sign = order === "ascending" ? 1 : -1;
  const keyed = groups.map((group) => [keyOf(group, column), group]);
  keyed.sort((a, b) => compare(a[0], b[0], sign));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const foot = table.tFoot;
  for (const [, group] of keyed) table.insertBefore(group, foot);
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, heading, column));
    heading.append(button);
  });
}
