import assert from "node:assert/strict";
import test from "node:test";
import type { CurvePoint } from "../src/core/model";
import { MakeAddress, ParseAddress } from "../src/core/router";
import { MapIsReadable, StrongestBand } from "../src/evidence/model";
import { HeatColour, PaintHeat } from "../src/logic/colour";
import { AxisTop, PointAt, Steps, Wilson } from "../src/logic/curve";
import { BaseName, Bytes, Percent, Significant } from "../src/logic/format";
import { Apply, Invert, OverlayTransform, Point, RadarPoint } from "../src/logic/geometry";
import { LooksLikePicture, MakeBatches } from "../src/logic/upload";
import { Clamp, kWhole, MoveBy, ViewBox, ZoomAt, ZoomTo } from "../src/logic/zoom";
import { NextDay } from "../src/logic/day";

test("numbers read well and never say 0 or 100 % by rounding", () => {
  assert.deepEqual([0, 0.0004, 0.004, 0.256, 0.9996, 1].map(Percent), ["0%", "<0.1%", "0.4%", "26%", ">99%", "100%"]);
  assert.deepEqual([null, 0, 0.0045643, 29.83, 2822.3, 3e-9].map(Significant), ["–", "0", "0.004564", "29.83", "2822", "3.00e-9"]);
  assert.deepEqual([999, 280594, 67108864, 8.1e10].map(Bytes), ["999 B", "281 kB", "67.1 MB", "81.00 GB"]);
  assert.deepEqual(["a/b/c.jpg", "C:\\x\\y.png", "z"].map(BaseName), ["c.jpg", "y.png", "z"]);
});

test("the overlay puts a known corner where the inspected picture shows it", () => {
  // known = 2 · inspected + (10, 20), with a little perspective
  const homography = [2, 0.1, 10, -0.05, 2.1, 20, 1e-5, 2e-5, 1];
  const query_scale = 0.4, known_scale = 0.25;
  const css = OverlayTransform(homography, query_scale, known_scale);
  assert.ok(css && /^matrix3d\((-?\d+(\.\d+)?,){15}-?\d+(\.\d+)?\)$/.test(css), String(css));
  const m = css.slice(9, -1).split(",").map(Number);
  const place = ([x, y]: Point): Point => {
    const w = m[3] * x + m[7] * y + m[15];
    return [(m[0] * x + m[4] * y + m[12]) / w, (m[1] * x + m[5] * y + m[13]) / w];
  };
  for (const corner of [[0, 0], [1600, 0], [1600, 900], [0, 900], [731, 402]] as Point[]) {
    const known = Apply(homography, corner);
    const shown = place([known[0] * known_scale, known[1] * known_scale]);
    assert.ok(Math.hypot(shown[0] - corner[0] * query_scale, shown[1] - corner[1] * query_scale) < 0.05, `${corner} at ${shown}`);
  }
});

test("matrices without an inverse are refused", () => {
  assert.equal(Invert([1, 2, 3, 2, 4, 6, 0, 0, 1]), null);
  assert.equal(Invert([1, 0, 0, 0, 1, 0, 0, 0]), null);
  assert.equal(OverlayTransform([NaN, 0, 0, 0, 1, 0, 0, 0, 1], 1, 1), null);
});

test("a radar begins at the top and runs clockwise", () => {
  const [top, right] = [RadarPoint(0, 5, 1, 100), RadarPoint(1, 5, 0.5, 100)];
  assert.ok(Math.abs(top[0]) < 1e-9 && Math.abs(top[1] + 100) < 1e-9);
  assert.ok(right[0] > 0 && right[1] < 0 && Math.abs(Math.hypot(...right) - 50) < 1e-9);
});

test("zooming stays inside the picture and keeps its point", () => {
  const frame = { width: 1000, height: 500 };
  assert.equal(ViewBox(frame, kWhole), "0 0 1000 500");
  assert.deepEqual(Clamp({ x: 0, y: 1, zoom: 2 }), { x: 0.25, y: 0.75, zoom: 2 });
  assert.deepEqual(MoveBy({ x: 0.5, y: 0.5, zoom: 1 }, 0.3, 0), kWhole);
  const view = ZoomAt(kWhole, 4, 0.4, 0.6);
  assert.equal(view.zoom, 4);
  // the point was at share 0.4 of the view and stays there
  assert.ok(Math.abs((0.4 - (view.x - 0.5 / view.zoom)) * view.zoom - 0.4) < 1e-9);
  const region = ZoomTo(frame, [[100, 100], [300, 100], [300, 200], [100, 200]]);
  assert.ok(region.zoom > 4 && region.zoom < 5 && Math.abs(region.x - 0.2) < 1e-9);
  assert.deepEqual(ZoomTo(frame, []), kWhole);
});

test("heat colours grow lighter with the value", () => {
  const lightness = (value: number) => HeatColour(value).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  for (let i = 1; i <= 100; ++i) assert.ok(lightness(i / 100) > lightness((i - 1) / 100), String(i));
  const pixels = new Uint8ClampedArray([0, 0, 0, 255, 255, 255, 255, 255]);
  PaintHeat(pixels);
  assert.deepEqual([...pixels], [...HeatColour(0), 255, ...HeatColour(1), 255]);
});

function P(threshold: number, confirmed: number, dismissed: number): CurvePoint {
  const n = confirmed + dismissed;
  return { threshold, precision: n ? confirmed / n : null, recall: confirmed / 4, per_1000: n * 100, confirmed, dismissed };
}

test("a threshold between two points has the value of the higher", () => {
  const points = [P(0.2, 4, 4), P(0.5, 3, 1), P(0.8, 1, 0)];
  assert.equal(PointAt(points, 0.2)?.threshold, 0.2);
  assert.equal(PointAt(points, 0.21)?.threshold, 0.5);
  assert.equal(PointAt(points, 0.81), null);
  assert.deepEqual(Steps(points, (point) => point.precision), [[[0, 0.5], [0.2, 0.5], [0.2, 0.75], [0.5, 0.75], [0.5, 1], [0.8, 1]]]);
  assert.equal(Steps([P(0.2, 1, 0), P(0.4, 0, 0), P(0.6, 1, 1)], (point) => point.precision).length, 2);
});

test("intervals are Wilson's", () => {
  const interval = Wilson(37, 40);
  assert.ok(interval && Math.abs(interval.low - 0.8014) < 1e-3 && Math.abs(interval.high - 0.9742) < 1e-3, JSON.stringify(interval));
  assert.deepEqual(Wilson(0, 0), null);
  assert.equal(Wilson(0, 10)?.low, 0);
});

test("axes end at round numbers", () => {
  assert.deepEqual([0, 3, 417, 500, 501].map(AxisTop), [1, 5, 500, 500, 1000]);
});

test("uploads fit the server's limits, in order", () => {
  const limits = { upload_bytes: 1000, request_bytes: 65536 + 3000, pictures_per_request: 3 };
  const files = [100, 900, 1001, 900, 10, 10, 10, 10].map((size, i) => ({ name: String(i), size }));
  const { batches, too_large } = MakeBatches(files, limits);
  assert.deepEqual(too_large.map((file) => file.name), ["2"]);
  assert.deepEqual(batches.map((batch) => batch.map((file) => file.name)), [["0", "1"], ["3", "4", "5"], ["6", "7"]]);
  assert.ok(LooksLikePicture("a/b.JPEG") && LooksLikePicture("x.heic") && !LooksLikePicture("Thumbs.db") && !LooksLikePicture("jpg"));
});

test("addresses keep what they carry", () => {
  const made = MakeAddress(["case", "a/b #1"], { text: "春 & x", state: "" });
  const read = ParseAddress(made);
  assert.deepEqual(read.parts, ["case", "a/b #1"]);
  assert.deepEqual([...read.query], [["text", "春 & x"]]);
  assert.deepEqual(ParseAddress("#/%E0%A4%A").parts, ["%E0%A4%A"]);
  assert.deepEqual(ParseAddress("").parts, []);
});

test("the last day of a filter is inside", () => {
  assert.equal(NextDay("2026-11-30"), "2026-12-01");
  assert.equal(NextDay("2028-02-28"), "2028-02-29");
  assert.equal(NextDay("x"), "x");
});

test("a map is read only beside a decided answer", () => {
  const answer = (band: string) => ({ probability: 0.5, band, threshold: 0.6, inconclusive_from: 0.2, inconclusive_to: 0.6 });
  const base = { basis: [], pixel_analysis: true, declarations: [], seconds: 0 };
  assert.ok(!MapIsReadable({ ...base, ai_made: answer("inconclusive"), edited: answer("none") }));
  assert.ok(MapIsReadable({ ...base, ai_made: answer("none"), edited: answer("moderate") }));
  assert.ok(!MapIsReadable({ ...base, edited: answer("moderate"), softness: { value: 9, limit: 6, too_soft: true } }));
  assert.ok(!MapIsReadable(base));
});

test("checks without a verdict do not weigh", () => {
  const file = { path: "", sha256: "", bytes: 0, format: "", width: 0, height: 0, orientation: 1, frames: 1 };
  const inspection = { schema: "", tool: { name: "", version: "" }, file, seconds: 0 };
  const realism = { gives_verdict: false, band: "strong" } as never;
  const metadata = { gives_verdict: true, band: "inconclusive" } as never;
  assert.equal(StrongestBand({ ...inspection, checks: { realism, metadata } }), "inconclusive");
  assert.equal(StrongestBand(inspection), "");
});
