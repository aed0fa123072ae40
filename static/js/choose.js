// One box that chooses every box of the same name in its table. Without scripts it stays hidden.
export function watchChoosing(root) {
  for (const label of root.querySelectorAll("[data-check-all]")) {
    const all = label.querySelector("input");
    const boxes = () => label.closest("table").querySelectorAll(`input[name="${label.dataset.checkAll}"]`);
    label.hidden = boxes().length < 2;
    all.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; });
  }
}
