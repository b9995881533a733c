// Copy buttons: each names the element whose text it copies.

const SAID_MS = 2000;

export function listenToCopy() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    try {
      await navigator.clipboard.writeText(source.textContent);
      say(button, "Copied");
    } catch {
      // The clipboard may be refused; then the text is selected, for the person's own copying.
      getSelection().selectAllChildren(source);
      say(button, "Selected");
    }
  });
}

function say(button, word) {
  button.textContent = word;
  setTimeout(() => { button.textContent = "Copy"; }, SAID_MS);
}
