// The heat map over the picture. Grey maps of the server get their colours here; a table says the same in numbers.
import { h, Replace, s, UniqueId } from "../core/dom";
import { t } from "../core/words";
import { HeatColour, PaintHeat } from "../logic/colour";
import { Percent } from "../logic/format";
import { Button } from "../ui/parts";
import type { AuthenticityCheck, Box } from "./model";

export interface HeatSources {
  picture: string | null;
  map: string | null;
  confidence: string | null;
  width: number;
  height: number;
}

function LoadImage(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.addEventListener("load", () => resolve(image));
    image.addEventListener("error", () => reject(new Error(t("picture.failed"))));
    image.src = url;
  });
}

/** At most this many pixels a side: heat maps are smooth, and a phone's canvas is small. */
const kSide = 1600;

async function PaintedMap(url: string): Promise<HTMLCanvasElement> {
  const image = await LoadImage(url);
  const scale = Math.min(1, kSide / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = h("canvas", { class: "layer heat-layer", "aria-hidden": "true" });
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  PaintHeat(pixels.data);
  context.putImageData(pixels, 0, 0);
  return canvas;
}

export function Scale(from: string, to: string): HTMLElement {
  const id = UniqueId("scale");
  const stops = Array.from({ length: 9 }, (_, i) => s("stop", { offset: `${(i / 8) * 100}%`, "stop-color": `rgb(${HeatColour(i / 8).join(",")})` }));
  return h("span", { class: "heat-scale small-text" }, from,
    s("svg", { viewBox: "0 0 120 10", class: "heat-bar", "aria-hidden": "true" }, s("defs", null, s("linearGradient", { id }, stops)),
      s("rect", { width: 120, height: 10, fill: `url(#${id})` })), to);
}

function Boxes(boxes: readonly Box[], width: number, height: number): SVGSVGElement {
  const size = Math.max(width, height) / 42;
  return s("svg", { class: "layer", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, boxes.map((box, index) => s("g", null,
    s("rect", { x: box.x, y: box.y, width: box.width, height: box.height, class: "mark-halo" }),
    s("rect", { x: box.x, y: box.y, width: box.width, height: box.height, class: "mark box" }),
    s("rect", { x: box.x, y: box.y, width: size * 1.3, height: size * 1.3, class: "mark-tag box" }),
    s("text", { x: box.x + size * 0.65, y: box.y + size, "font-size": size, "text-anchor": "middle", class: "mark-number" }, index + 1))));
}

/** Draws the stage. `readable` false: the map stays closed until somebody insists, since the answer is undecided. */
export function HeatStage(sources: HeatSources, check: AuthenticityCheck, readable: boolean): HTMLElement {
  const body = h("div", { class: "stack" });
  const open = () => {
    const heat = h("div", { class: "layer" });
    const boxes = Boxes(check.regions ?? [], sources.width, sources.height);
    const frame = h("div", { class: "overlay-frame heat-frame" },
      sources.picture ? h("img", { src: sources.picture, alt: t("heat.picture"), class: "layer" }) : null, heat, boxes);
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const opacity = h("input", { type: "range", min: "0", max: "100", value: readable ? "60" : "40", "aria-label": t("heat.opacity") });
    const shown = h("output", { class: "small-text" });
    const fade = () => {
      heat.style.opacity = String(Number(opacity.value) / 100);
      shown.textContent = `${opacity.value}%`;
    };
    opacity.addEventListener("input", fade);
    const scale = h("span");
    const show = async (kind: "map" | "confidence") => {
      for (const [index, button] of buttons.entries()) button.setAttribute("aria-pressed", String((index === 0) === (kind === "map")));
      const url = kind === "map" ? sources.map : sources.confidence;
      Replace(scale, kind === "map" ? Scale(t("heat.low"), t("heat.high")) : Scale(t("heat.unsure"), t("heat.sure")));
      if (!url) return;
      try {
        Replace(heat, await PaintedMap(url));
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error);
        problem.hidden = false;
      }
    };
    const buttons = [
      h("button", { type: "button", "aria-pressed": "true", on: { click: () => void show("map") } }, t("heat.map")),
      h("button", { type: "button", "aria-pressed": "false", disabled: !sources.confidence, on: { click: () => void show("confidence") } }, t("heat.confidence")),
    ];
    const marks = h("button", { type: "button", class: "small", "aria-pressed": "true" }, t("heat.boxes"));
    marks.addEventListener("click", () => {
      const on = marks.getAttribute("aria-pressed") !== "true";
      marks.setAttribute("aria-pressed", String(on));
      boxes.classList.toggle("hidden-marks", !on);
    });
    const place = () => {
      const scale_to_fit = Math.min(body.clientWidth / sources.width, Math.max(240, window.innerHeight * 0.6) / sources.height);
      frame.style.width = `${sources.width * scale_to_fit}px`;
      frame.style.height = `${sources.height * scale_to_fit}px`;
    };
    new ResizeObserver(place).observe(body);
    Replace(body,
      h("div", { class: "row compare-bar" }, h("div", { class: "segments", role: "group", "aria-label": t("heat.which") }, buttons), marks,
        h("label", { class: "row heat-opacity small-text" }, t("heat.opacity"), opacity, shown)),
      readable ? null : h("p", { class: "callout warn" }, t("heat.undecided")),
      frame, h("div", { class: "row" }, scale), problem);
    place();
    fade();
    void show("map");
  };
  if (readable) open();
  else Replace(body, h("div", { class: "callout" }, h("p", null, t("heat.closed")), Button(t("heat.show_anyway"), open, "small")));
  return body;
}

export function RegionRows(check: AuthenticityCheck): string[][] {
  return (check.regions ?? []).map((region, index) => [String(index + 1), `${region.x}, ${region.y}`, `${region.width} × ${region.height}`,
    Percent(region.share), region.map.toFixed(2), region.confidence.toFixed(2)]);
}
