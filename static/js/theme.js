// The toggle is hidden until this runs: without scripts the system's choice stands.
export function watchTheme(root) {
  for (const button of root.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const style = document.documentElement;
      const dark = style.dataset.theme
        ? style.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      style.dataset.theme = dark ? "light" : "dark";
      try {
        localStorage.setItem("theme", style.dataset.theme);
      } catch {
        // The choice holds for this page only.
      }
    });
  }
}
