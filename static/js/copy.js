// A copy button beside text that is copied often. Without scripts the text is selected by hand.
export function watchCopying(root) {
  for (const block of root.querySelectorAll("[data-copy]")) {
    const button = block.querySelector("[data-copy-button]");
    if (!button || !button.hidden) continue;
    button.hidden = false;
    button.addEventListener("click", () => copy(block.querySelector("code"), button.querySelector("span")));
  }
}

async function copy(source, word) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    word.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    word.textContent = "Press Ctrl-C";
  }
  setTimeout(() => { word.textContent = "Copy"; }, 2000);
}
