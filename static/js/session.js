// A part that polls must not show the sign-in page inside itself once the session ended.
export function watchSession(root) {
  root.addEventListener("htmx:beforeSwap", (event) => {
    const answered = new URL(event.detail.xhr.responseURL || location.href);
    if (answered.pathname !== "/login/" || location.pathname === "/login/") return;
    event.detail.shouldSwap = false;
    location.reload();
  });
}
