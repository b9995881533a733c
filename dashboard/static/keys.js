// Keyboard: digits jump to panels, r refreshes, t changes the theme, ? shows the keys.

export function listenToKeys({ refresh, nextTheme }) {
  const help = document.getElementById("help");
  const toggleHelp = () => (help.open ? help.close() : help.showModal());
  const button = document.getElementById("help-button");
  button.hidden = false;
  button.addEventListener("click", toggleHelp);
  document.getElementById("help-close").addEventListener("click", () => help.close());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, textarea, select")) return;
    if (event.key === "?") toggleHelp();
    else if (help.open) return;
    else if (event.key === "r") refresh();
    else if (event.key === "t") nextTheme();
    else if (/^[1-9]$/.test(event.key)) jump(Number(event.key));
    else return;
    event.preventDefault();
  });
}

function jump(number) {
  const link = document.querySelector(`nav a[aria-keyshortcuts="${number}"]`);
  const panel = link && document.getElementById(link.hash.slice(1));
  if (!panel) return;
  panel.scrollIntoView({ block: "start" });
  panel.focus({ preventScroll: true });
}
