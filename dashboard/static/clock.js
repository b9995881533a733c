// The page's clock: the server's view of "now", carried on by this browser's own ticking.
// A replayed session has a clock of its own; a phone's may be wrong. Both come right here.

let offset = 0;

export function syncClock(epochSeconds) {
  if (Number.isFinite(epochSeconds)) offset = epochSeconds - Date.now() / 1000;
}

export function now() {
  return Date.now() / 1000 + offset;
}

// The same words as dashboard/text.py: age_text.
export function ageText(seconds) {
  const length = durationText(Math.abs(seconds));
  return seconds <= -1 ? `in ${length}` : `${length} ago`;
}

function durationText(seconds) {
  const total = Math.trunc(seconds);
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.trunc(total / 60)} min`;
  const minutes = String(Math.trunc((total % 3600) / 60)).padStart(2, "0");
  if (total < 86400) return `${Math.trunc(total / 3600)} h ${minutes} min`;
  return `${Math.trunc(total / 86400)} d ${Math.trunc((total % 86400) / 3600)} h`;
}

export function epoch(instant) {
  return Date.parse(instant) / 1000;
}

export function tickAges() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const text = ageText(now() - epoch(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}
