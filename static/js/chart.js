// The read-out beside the pointer. Every point carries its words in a <title>, which serves without scripts.
export function watchCharts(root) {
  for (const figure of root.querySelectorAll("[data-chart]")) if (!figure.dataset.chart) watch(figure);
}

function watch(figure) {
  const points = [...figure.querySelectorAll(".point")];
  if (!points.length) return;
  figure.dataset.chart = "on";
  for (const point of points) {
    const title = point.querySelector("title");
    point.dataset.words = title.textContent;
    title.remove();
  }
  const plot = figure.querySelector("svg");
  const readout = Object.assign(document.createElement("div"), { className: "readout", hidden: true });
  figure.append(readout);
  let current = 0;
  const show = (index) => {
    current = Math.max(0, Math.min(points.length - 1, index));
    fill(readout, points[current].dataset.words, figure);
    place(figure, plot, points[current], readout);
  };
  const hide = () => { readout.hidden = true; figure.querySelector(".cursor")?.classList.remove("shown"); };
  plot.addEventListener("pointermove", (event) => {
    const index = points.indexOf(event.target.closest(".point"));
    if (index >= 0) show(index);
  });
  plot.addEventListener("pointerleave", hide);
  plot.setAttribute("tabindex", "0");
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    show(readout.hidden ? (step > 0 ? 0 : points.length - 1) : current + step);
  });
  plot.addEventListener("blur", hide);
}

// Lines are "name: value"; the first is the moment. A name's colour is the legend's.
function fill(readout, words, figure) {
  const [head, ...lines] = words.split("\n");
  const rows = lines.map((line) => {
    const cut = line.lastIndexOf(": ");
    const name = line.slice(0, cut);
    const row = document.createElement("p");
    const swatch = [...figure.querySelectorAll(".legend li")].find((item) => item.dataset.name === name);
    const mark = document.createElement("i");
    mark.className = swatch ? swatch.querySelector("i").className : "swatch none";
    row.append(mark, text("span", name), text("b", line.slice(cut + 2)));
    return row;
  });
  readout.replaceChildren(text("strong", head), ...rows);
}

function text(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}

function place(figure, plot, point, readout) {
  readout.hidden = false;
  const box = figure.getBoundingClientRect();
  const at = point.getBoundingClientRect();
  const middle = at.left + at.width / 2 - box.left;
  const right = middle + 14 + readout.offsetWidth < box.width;
  readout.style.left = `${Math.max(0, right ? middle + 14 : middle - 14 - readout.offsetWidth)}px`;
  readout.style.top = `${plot.getBoundingClientRect().top - box.top + 8}px`;
  const cursor = figure.querySelector(".cursor");
  if (!cursor) return;
  const x = `${((middle + box.left - plot.getBoundingClientRect().left) / plot.getBoundingClientRect().width) * 100}%`;
  cursor.setAttribute("x1", x);
  cursor.setAttribute("x2", x);
  cursor.classList.add("shown");
}
