// Which part of a picture a pane shows. x and y: its centre as shares of the picture; zoom 1 shows all of it.
import type { Point } from "./geometry";

export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Frame {
  width: number;
  height: number;
}

export const kWhole: View = { x: 0.5, y: 0.5, zoom: 1 };
const kMost = 24;

/** Keeps the shown part inside the picture. */
export function Clamp(view: View): View {
  const zoom = Math.min(kMost, Math.max(1, view.zoom));
  const half = 0.5 / zoom;
  const inside = (centre: number) => Math.min(1 - half, Math.max(half, centre));
  return { x: inside(view.x), y: inside(view.y), zoom };
}

export function ZoomAt(view: View, factor: number, x: number, y: number): View {
  const zoom = Math.min(kMost, Math.max(1, view.zoom * factor));
  const change = view.zoom / zoom;
  return Clamp({ x: x + (view.x - x) * change, y: y + (view.y - y) * change, zoom });
}

export function MoveBy(view: View, x: number, y: number): View {
  return Clamp({ x: view.x + x, y: view.y + y, zoom: view.zoom });
}

export function ZoomTo(frame: Frame, points: readonly Point[]): View {
  if (points.length === 0) return kWhole;
  const xs = points.map((point) => point[0] / frame.width), ys = points.map((point) => point[1] / frame.height);
  const left = Math.min(...xs), right = Math.max(...xs), top = Math.min(...ys), bottom = Math.max(...ys);
  const share = Math.max(right - left, bottom - top) * 1.15;
  return Clamp({ x: (left + right) / 2, y: (top + bottom) / 2, zoom: share > 0 ? 1 / share : kMost });
}

export function ViewBox(frame: Frame, view: View): string {
  const width = frame.width / view.zoom, height = frame.height / view.zoom;
  const numbers = [view.x * frame.width - width / 2, view.y * frame.height - height / 2, width, height];
  return numbers.map((value) => Math.round(value * 100) / 100).join(" ");
}
