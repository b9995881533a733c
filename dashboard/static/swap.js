// Put new panels in place of old ones, without the person noticing more than the news:
// focus, open details, scrolled tables and selected text stay.

export function swapPanels(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const panel of fresh.querySelectorAll("[data-panel]")) {
    const shown = document.getElementById(panel.id);
    if (shown && !same(shown, panel)) replace(shown, panel);
  }
}

function same(shown, panel) {
  if (panel.dataset.panel === "keep") return shown.dataset.key === panel.dataset.key;
  return wording(shown) === wording(panel);
}

// What a panel says, without what changes and is no news: ages, opened details, what scripts drew.
function wording(panel) {
  const copy = panel.cloneNode(true);
  for (const time of copy.querySelectorAll("time[data-age]")) time.textContent = "";
  for (const details of copy.querySelectorAll("details")) details.removeAttribute("open");
  for (const drawn of copy.querySelectorAll("[data-copy], [data-said], [data-history] .plot")) {
    drawn.textContent = "";
  }
  for (const part of [copy, ...copy.querySelectorAll("[hidden]")]) part.removeAttribute("hidden");
  return JSON.stringify(copy.dataset) + copy.innerHTML;
}

function replace(shown, panel) {
  const open = [...shown.querySelectorAll("details[open]")].map((d) => d.id);
  const scrolled = [...shown.querySelectorAll(".scroller")].map((s) => [s.id, s.scrollLeft]);
  const focused = shown.contains(document.activeElement) ? document.activeElement : null;
  const focusId = focused?.id;
  shown.replaceWith(document.adoptNode(panel));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, left] of scrolled) {
    const table = document.getElementById(id);
    if (table) table.scrollLeft = left;
  }
  if (focused) {
    (focusId ? document.getElementById(focusId) ?? panel : panel).focus({ preventScroll: true });
  }
}
