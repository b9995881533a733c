// Keeps the page fresh: asks for changed panels, ticks the ages, and says STALE or
// CONNECTION LOST in large letters when what it shows can no longer be trusted.

import { drawCharts, recolorCharts } from "./charts.js";
import { epoch, now, syncClock, tickAges } from "./clock.js";
import { listenToCopy } from "./copy.js";
import { drawHistories } from "./history.js";
import { listenToKeys } from "./keys.js";
import { swapPanels } from "./swap.js";
import { startTheme } from "./theme.js";

const RETRY_S = 5;
let tag = null;
let timer = 0;
let asking = false;

function status() {
  return document.getElementById("status");
}

function judge() {
  const { due, grace, title } = status().dataset;
  const stale = Boolean(due) && now() > epoch(due) + Number(grace);
  const banner = document.getElementById("stale");
  if (banner && banner.hidden === stale) banner.hidden = !stale;
  document.body.classList.toggle("is-stale", stale);
  const lost = !document.getElementById("lost").hidden;
  const words = lost ? "CONNECTION LOST · " : stale ? "STALE · " : "";
  const plain = title.replace(/^STALE · /, "");
  if (document.title !== words + plain) document.title = words + plain;
}

function tick() {
  tickAges();
  judge();
}

function setLost(why) {
  const banner = document.getElementById("lost");
  document.getElementById("lost-why").textContent = why ? ` (${why})` : "";
  if (banner.hidden === Boolean(why)) banner.hidden = !why;
  document.body.classList.toggle("is-lost", Boolean(why));
}

async function refresh() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let wait = Number(status().dataset.refresh);
  try {
    const answer = await fetch("/fragment", {
      cache: "no-store",
      headers: tag ? { "If-None-Match": tag } : {},
      signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 401) location.assign("/login");
    if (!answer.ok && answer.status !== 304) throw new Error(`it answered ${answer.status}`);
    syncClock(Number(answer.headers.get("X-Page-Clock")));
    if (answer.status === 200) {
      swapPanels(await answer.text());
      tag = answer.headers.get("ETag");
      drawCharts();
      drawHistories();
    }
    setLost("");
  } catch (error) {
    setLost(error.name === "TypeError" ? "no answer" : error.message);
    wait = Math.min(wait, RETRY_S);
  } finally {
    asking = false;
  }
  tick();
  timer = setTimeout(refresh, 1000 * Math.max(1, wait));
}

syncClock(epoch(document.getElementById("main").dataset.pageClock));
const nextTheme = startTheme(recolorCharts);
listenToKeys({ refresh, nextTheme });
listenToCopy();
tick();
setInterval(tick, 1000);
timer = setTimeout(refresh, 1000 * Math.max(1, Number(status().dataset.refresh)));
(window.requestIdleCallback ?? setTimeout)(() => drawCharts());
drawHistories();
document.addEventListener("visibilitychange", () => document.hidden || refresh());
window.addEventListener("online", refresh);
window.addEventListener("pageshow", (event) => event.persisted && refresh());
document.documentElement.dataset.ready = "yes";
