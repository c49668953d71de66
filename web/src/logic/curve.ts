// Reading the curve of docs/openapi.yaml (ThresholdCurve).
import type { CurvePoint } from "../core/model";

export interface Interval {
  low: number;
  high: number;
}

/** 95 % interval of a share k of n (Wilson 1927); null when nothing was counted. */
export function Wilson(k: number, n: number): Interval | null {
  if (n <= 0) return null;
  const z = 1.959964;
  const share = k / n;
  const centre = share + (z * z) / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const base = 1 + (z * z) / n;
  return { low: Math.max(0, (centre - spread) / base), high: Math.min(1, (centre + spread) / base) };
}

/** What lies at or above `threshold`: the first point not below it. null: nothing reviewed is that high. */
export function PointAt(points: readonly CurvePoint[], threshold: number): CurvePoint | null {
  return points.find((point) => point.threshold >= threshold - 1e-9) ?? null;
}

/** Corners of a step line over thresholds 0..1: between two points the value of the higher one holds. */
export function Steps(points: readonly CurvePoint[], value: (point: CurvePoint) => number | null): [number, number][][] {
  const runs: [number, number][][] = [];
  let run: [number, number][] = [];
  let from = 0;
  for (const point of points) {
    const y = value(point);
    if (y === null) {
      if (run.length > 0) runs.push(run);
      run = [];
    } else {
      run.push([from, y], [point.threshold, y]);
    }
    from = point.threshold;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** A round number at or above `value` for the top of an axis. */
export function AxisTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = Math.pow(10, Math.floor(Math.log10(value)));
  for (const step of [1, 2, 5, 10]) if (value <= step * power) return step * power;
  return 10 * power;
}
