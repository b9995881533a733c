// Session charts: price above, VIX with its regime bands below. plotly.js (1.5 MB) is fetched
// only once there is something to draw, after the text has been readable for a while.

import { ageText, epoch, now } from "./clock.js";

let library = null;

function loadPlotly() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.documentElement.dataset.plotly;
    // plotly carries a map library that writes a style sheet of its own as it loads; the content
    // policy refuses those. We draw no maps, so it may write into something inert instead.
    const create = document.createElement;
    document.createElement = (name, options) =>
      create.call(document, String(name).toLowerCase() === "style" ? "template" : name, options);
    const restore = () => { document.createElement = create; };
    script.onload = () => {
      restore();
      resolve(window.Plotly);
    };
    script.onerror = () => {
      restore();
      library = null;
      reject(new Error("plotly.js did not load"));
    };
    document.head.append(script);
  });
  return library;
}

export async function drawCharts() {
  const figures = [...document.querySelectorAll("figure[data-ticker]")];
  await Promise.all(figures.map((figure) => drawOne(figure).catch(() => undefined)));
}

async function drawOne(figure) {
  const answer = await fetch(figure.dataset.source, { signal: AbortSignal.timeout(10000) });
  if (!answer.ok) return;
  const data = await answer.json();
  const plot = figure.querySelector(".plot");
  if (!data.price?.length && !data.vix?.length) return;
  const Plotly = await loadPlotly();
  plot.querySelector(".empty")?.remove();
  figure.chart = data;
  const { traces, layout } = drawing(data);
  await Plotly.react(plot, traces, layout, { displayModeBar: false, responsive: true });
  figure.querySelector("[data-chart-age]").textContent = provenance(data);
}

function provenance(data) {
  const age = data.generated_at ? ageText(now() - epoch(data.generated_at)) : "";
  return [data.simulated ? "SIMULATED" : "", data.source ?? "", age && `drawn from data ${age}`]
    .filter(Boolean).join(", ");
}

// Colors come from the page's own variables, so charts follow light and dark.
function color(name, alpha = 1) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g);
  probe.remove();
  return `rgba(${r},${g},${b},${alpha})`;
}

function series(points, zone) {
  const kept = (points ?? []).filter((p) => Number.isFinite(p?.[1]));
  return { x: kept.map((p) => wallClock(p[0], zone)), y: kept.map((p) => p[1]) };
}

// Plotly knows no zones: give it the Pacific wall clock the rest of the page speaks.
function wallClock(seconds, zone) {
  return new Date(seconds * 1000).toLocaleString("sv-SE", { timeZone: zone });
}

function drawing(data) {
  const zone = document.getElementById("charts").dataset.zone;
  const price = series(data.price, zone);
  const vix = series(data.vix, zone);
  const bands = regimeBands(data, vix.y);
  const line = (name, xy, hue, axis) => ({
    type: "scatter", mode: "lines", name, ...xy, yaxis: axis,
    line: { color: color(hue), width: 1.75 }, hovertemplate: "%{y:,.2f}",
  });
  const axis = { gridcolor: color("line"), zeroline: false, fixedrange: true, automargin: false };
  const session = data.session ?? {};
  const range = session.open && session.close
    ? [wallClock(epoch(session.open), zone), wallClock(epoch(session.close), zone)] : undefined;
  return {
    traces: [line("price", price, "price", "y"), line("VIX", vix, "vix", "y2")],
    layout: {
      height: 310, margin: { l: 58, r: 70, t: 8, b: 26 }, showlegend: false, dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x unified",
      hoverlabel: { bgcolor: color("panel"), bordercolor: color("line"), font: { color: color("ink") } },
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("muted") },
      xaxis: { ...axis, type: "date", tickformat: "%H:%M", hoverformat: "%H:%M", range, anchor: "y2" },
      yaxis: { ...axis, domain: [0.4, 1], tickformat: spread(price.y) < 10 ? ",.1f" : ",.0f", nticks: 6 },
      yaxis2: { ...axis, domain: [0, 0.32], nticks: 4, range: bands.range, title: { text: "VIX", standoff: 4 } },
      shapes: bands.shapes, annotations: bands.annotations,
    },
  };
}

function spread(values) {
  return Math.max(...values) - Math.min(...values);
}

function regimeBands(data, values) {
  const edges = (data.regime_edges ?? []).filter(Number.isFinite);
  if (!values.length) return { range: undefined, shapes: [], annotations: [] };
  const low = Math.min(...values) - 1;
  const high = Math.max(...values) + 1;
  const bounds = [-Infinity, ...edges, Infinity];
  const shapes = [];
  const annotations = [];
  for (let k = 0; k + 1 < bounds.length; k += 1) {
    const [y0, y1] = [Math.max(bounds[k], low), Math.min(bounds[k + 1], high)];
    if (y0 >= y1) continue;
    shapes.push({
      type: "rect", xref: "paper", x0: 0, x1: 1, yref: "y2", y0, y1, layer: "below",
      fillcolor: color(`r${k + 1}`, 0.16), line: { width: 0 },
    });
    const name = String(data.regime_names?.[k] ?? "").replace(/_/g, " ").replace(/[<>&]/g, "");
    if ((y1 - y0) / (high - low) < 0.14) continue;
    annotations.push({
      xref: "paper", x: 1.01, xanchor: "left", yref: "y2", y: (y0 + y1) / 2, text: name,
      showarrow: false, font: { size: 12, color: color("muted") },
    });
  }
  return { range: [low, high], shapes, annotations };
}

// After a change of theme: the same data in the other colors.
export function recolorCharts() {
  for (const figure of document.querySelectorAll("figure[data-ticker]")) {
    if (!figure.chart || !window.Plotly) continue;
    const { traces, layout } = drawing(figure.chart);
    window.Plotly.react(figure.querySelector(".plot"), traces, layout);
  }
}
