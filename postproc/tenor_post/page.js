// The numbers under the pointer, or under a cursor that the arrow keys move, below the figure; they are those of the table behind
// it. Without this script a resting pointer shows them as the browser's own hint, or the table does.
"use strict";
for (const figure of document.querySelectorAll("figure")) {
  const svg = figure.querySelector("svg"), table = figure.nextElementSibling?.querySelector("table");
  if (!table) continue;
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const edges = svg.dataset.edges.split(" ").map(Number), stride = Number(svg.dataset.stride), last = edges.length - 2;
  const rows = figure.querySelector(".chart").classList.contains("rows"), { width, height } = svg.viewBox.baseVal;
  const line = document.createElement("p");
  line.className = "reading";
  line.setAttribute("aria-live", "polite");
  figure.querySelector(".chart").append(line);
  svg.querySelectorAll(".hit").forEach((hint) => hint.remove());
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  cursor.setAttribute("class", "hit on");
  svg.append(cursor);
  svg.setAttribute("tabindex", "0");
  let at = -1;
  const words = (row) => [...row.cells].filter((cell) => cell.textContent)
    .map((cell) => (cell.cellIndex ? `${heads[cell.cellIndex]} ${cell.textContent}` : cell.textContent)).join("; ");
  const show = (i) => {
    at = i;
    const size = at < 0 ? 0 : edges[at + 1] - edges[at], start = at < 0 ? 0 : edges[at];
    const box = rows ? { x: 0, width, y: start, height: size } : { x: start, width: size, y: 0, height };
    for (const [name, value] of Object.entries(box)) cursor.setAttribute(name, value);
    line.textContent = at < 0 ? "" : words(table.tBodies[0].rows[at * stride]);
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const place = rows ? (height * (event.clientY - box.top)) / box.height : (width * (event.clientX - box.left)) / box.width;
    const under = edges.findLastIndex((edge) => edge <= place);
    show(Math.min(last, Math.max(0, under)));
  });
  svg.addEventListener("pointerleave", () => show(-1));
  svg.addEventListener("blur", () => show(-1));
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") show(-1);
    if (!move) return;
    event.preventDefault();
    show(at < 0 && move < 0 ? last : Math.min(last, Math.max(0, at + move)));
  });
}
