// The P&L of each open position so far, a small drawing beside its payoff. Nights and other long
// silences are drawn narrow. Drawn again from memory at once when its panel is replaced.

import { ageText, now } from "./clock.js";

const SVG = "http://www.w3.org/2000/svg";
const BREAK_S = 90 * 60;
const BREAK_WIDTH_S = 10 * 60;
const HEIGHT = 100;
const known = new Map();

export async function drawHistories() {
  const figures = [...document.querySelectorAll("figure[data-history]")];
  for (const figure of figures) {
    if (known.has(figure.dataset.history)) show(figure, known.get(figure.dataset.history));
  }
  await Promise.all(figures.map(refresh));
}

async function refresh(figure) {
  try {
    const answer = await fetch(figure.dataset.history, { signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    known.set(figure.dataset.history, await answer.json());
    show(figure, known.get(figure.dataset.history));
  } catch (error) {
    say(figure, `cannot be read (${error.name === "TypeError" ? "no answer" : error.message})`);
  }
}

function show(figure, data) {
  const points = (data.pnl ?? []).filter((p) => Number.isFinite(p?.[1]));
  const plot = figure.querySelector(".plot");
  if (points.length < 2) {
    plot.replaceChildren();
    say(figure, points.length ? "one reading so far" : "no reading yet");
    return;
  }
  plot.replaceChildren(drawing(points, data));
  const values = points.map((p) => p[1]);
  const age = ageText(now() - points.at(-1)[0]);
  const simulated = data.simulated ? "SIMULATED, " : "";
  say(figure, `${simulated}${usd(Math.min(...values))} to ${usd(Math.max(...values))}, last ${age}`);
}

function say(figure, words) {
  figure.querySelector("[data-said]").textContent = words;
}

function drawing(points, data) {
  const xs = places(points.map((p) => p[0]));
  const lows = points.map((p) => (Number.isFinite(p[2]) ? p[2] : p[1]));
  const highs = points.map((p) => (Number.isFinite(p[3]) ? p[3] : p[1]));
  const [low, high] = [Math.min(0, ...lows), Math.max(0, ...highs)];
  const room = 0.08 * (high - low) || 1;
  const y = (v) => (HEIGHT * (high + room - v)) / (high - low + 2 * room);
  const at = (values) => values.map((v, i) => `${xs[i]},${y(v).toFixed(2)}`);
  const svg = part("svg", { viewBox: `0 0 100 ${HEIGHT}`, preserveAspectRatio: "none", width: "100%", height: "88" });
  svg.append(part("polygon", { class: "range", points: [...at(highs), ...at(lows).reverse()].join(" ") }));
  for (const [name, value] of [["zero", 0], ["target", data.target_usd], ["stop", data.stop_usd]]) {
    if (!Number.isFinite(value) || value < low - room || value > high + room) continue;
    svg.append(part("line", { class: name, x1: 0, x2: 100, y1: y(value), y2: y(value) }));
  }
  svg.append(part("polyline", { class: "curve", points: at(points.map((p) => p[1])).join(" ") }));
  return svg;
}

// Times as places from 0 to 100, a long silence cut to a narrow gap.
function places(times) {
  const run = [0];
  for (let i = 1; i < times.length; i += 1) {
    const step = times[i] - times[i - 1];
    run.push(run[i - 1] + (step > BREAK_S ? BREAK_WIDTH_S : step));
  }
  return run.map((t) => ((100 * t) / (run.at(-1) || 1)).toFixed(2));
}

function part(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function usd(value) {
  const text = Math.abs(value).toLocaleString("en-US", { maximumFractionDigits: 2 });
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}\u2060$${text}`;  // the sign keeps to its number
}
