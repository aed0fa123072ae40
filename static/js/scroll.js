/** What scrolls and holds nothing to step to can be stepped to itself, so that a keyboard scrolls it. */
export function watchScrolling(root) {
  for (const box of root.querySelectorAll(".table-scroll, pre")) {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    if (scrolls && !box.querySelector("a[href], button, input, select, textarea")) box.tabIndex = 0;
  }
}
