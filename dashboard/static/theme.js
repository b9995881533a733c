// Light, dark, or whatever the system says; remembered in this browser only.

const CHOICES = ["system", "light", "dark"];

export function startTheme(changed) {
  const button = document.getElementById("theme");
  let choice = remembered();
  const apply = () => {
    if (choice === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
    button.textContent = "◐";
    button.title = `Theme: ${choice}`;
    button.setAttribute("aria-label", button.title);
  };
  const next = () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // Storage may be switched off; the choice then lasts until the page is closed.
    }
    apply();
    changed();
  };
  apply();
  button.hidden = false;
  button.addEventListener("click", next);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  return next;
}

function remembered() {
  try {
    const stored = localStorage.getItem("theme");
    return CHOICES.includes(stored) ? stored : "system";
  } catch {
    return "system";
  }
}
