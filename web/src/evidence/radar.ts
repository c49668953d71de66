// Percentiles of the five realism measures on a pentagon, with the usual range marked. A table beside it says the same.
import { s } from "../core/dom";
import { Named, t } from "../core/words";
import { PointsAttribute, RadarPoint } from "../logic/geometry";
import { kMeasures, PerMeasure } from "./model";

const kRadius = 100;

function Ring(share: number, name: string): SVGPolygonElement {
  return s("polygon", { class: name, points: PointsAttribute(kMeasures.map((_, i) => RadarPoint(i, kMeasures.length, share, kRadius))) });
}

export function Radar(percentiles: PerMeasure, second: PerMeasure | null, reference: string): SVGSVGElement {
  const shape = (values: PerMeasure) => PointsAttribute(kMeasures.map((key, i) => RadarPoint(i, kMeasures.length, (values[key] ?? 0) / 100, kRadius)));
  const words = kMeasures.map((key) => `${Named("measure_short", key)} ${Math.round(percentiles[key] ?? 0)}`).join(", ");
  return s("svg", { class: "radar", viewBox: "-222 -136 444 256", role: "img", "aria-label": t("realism.radar_label", { reference, values: words }) },
    Ring(0.975, "radar-usual"), Ring(0.025, "radar-unusual"), [0.25, 0.5, 0.75, 1].map((share) => Ring(share, "radar-ring")),
    kMeasures.map((_, i) => {
      const [x, y] = RadarPoint(i, kMeasures.length, 1, kRadius);
      return s("line", { x1: 0, y1: 0, x2: x, y2: y, class: "radar-axis" });
    }),
    second ? s("polygon", { points: shape(second), class: "radar-second" }) : null,
    s("polygon", { points: shape(percentiles), class: "radar-value" }),
    kMeasures.map((key, i) => {
      const [x, y] = RadarPoint(i, kMeasures.length, (percentiles[key] ?? 0) / 100, kRadius);
      return s("circle", { cx: x, cy: y, r: 3.6, class: "radar-dot" });
    }),
    kMeasures.map((key, i) => {
      const [x, y] = RadarPoint(i, kMeasures.length, 1.16, kRadius);
      return s("text", { x, y: y + 4, class: "radar-name", "text-anchor": Math.abs(x) < 8 ? "middle" : x > 0 ? "start" : "end" },
        `${Named("measure_short", key)} ${percentiles[key] === null ? "–" : Math.round(percentiles[key] as number)}`);
    }),
    s("text", { x: 5, y: -44, class: "radar-tick" }, "50"), s("text", { x: 5, y: -88, class: "radar-tick" }, "100"));
}
