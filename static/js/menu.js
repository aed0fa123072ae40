// Open menus close on a click elsewhere and on Escape; <details> does the rest.
const OPEN = "details[data-menu][open], details[data-nav][open]";

export function watchMenus(root) {
  root.addEventListener("click", (event) => {
    for (const menu of root.querySelectorAll(OPEN)) if (!menu.contains(event.target)) menu.open = false;
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of root.querySelectorAll(OPEN)) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
