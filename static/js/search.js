// A slash, as in many places, leads to the search field of the page.
const TYPING = "input, textarea, select, [contenteditable]";

export function watchSearch(root) {
  const field = root.querySelector('main input[type="search"]');
  if (!field) return;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
