// The approvals inbox by keys: j and k move, a and d decide, o opens, x chooses, b shows the chosen.
const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";

export function watchInbox(root) {
  const table = root.querySelector("[data-inbox]");
  if (!table) return;
  const rows = [...table.querySelectorAll("[data-row]")];
  let at = -1;

  function go(to) {
    if (!rows.length) return;
    rows[at]?.removeAttribute("data-current");
    at = Math.min(Math.max(to, 0), rows.length - 1);
    rows[at].setAttribute("data-current", "");
    rows[at].querySelector("a").focus();
  }

  const acts = {
    j: () => go(at + 1),
    k: () => go(at - 1),
    a: () => location.assign(rows[at].dataset.approve),
    d: () => location.assign(rows[at].dataset.deny),
    o: () => rows[at].querySelector("a").click(),
    x: () => rows[at].querySelector("input[type=checkbox]").click(),
    b: () => table.closest("form").requestSubmit(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    if (at < 0 && !"jkb".includes(event.key)) go(0);
    act();
  });
  table.addEventListener("focusin", (event) => {
    const row = rows.indexOf(event.target.closest("[data-row]"));
    if (row >= 0 && row !== at) {
      rows[at]?.removeAttribute("data-current");
      at = row;
      rows[at].setAttribute("data-current", "");
    }
  });
}
