// Where a known picture lies on the inspected one, as CSS and SVG need it.

export type Point = readonly [number, number];

/** Row-major 3 × 3. Empty when the matrix has no inverse. */
export function Invert(m: readonly number[]): number[] | null {
  if (m.length !== 9 || m.some((value) => !Number.isFinite(value))) return null;
  const [a, b, c, d, e, f, g, h, i] = m;
  const A = e * i - f * h, B = f * g - d * i, C = d * h - e * g;
  const determinant = a * A + b * B + c * C;
  const size = Math.max(...m.map(Math.abs));
  if (!(Math.abs(determinant) > 1e-12 * size * size * size)) return null;
  const k = 1 / determinant;
  return [A * k, (c * h - b * i) * k, (b * f - c * e) * k, B * k, (a * i - c * g) * k, (c * d - a * f) * k, C * k,
    (b * g - a * h) * k, (a * e - b * d) * k];
}

export function Apply(m: readonly number[], [x, y]: Point): Point {
  const w = m[6] * x + m[7] * y + m[8];
  return [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w];
}

/**
 * CSS matrix3d that lays an element of knownWidth × knownHeight (CSS pixels: known pixels times knownScale) over the
 * inspected picture, shown at queryScale. `homography` maps inspected to known pixels, so its inverse is used.
 */
export function OverlayTransform(homography: readonly number[], queryScale: number, knownScale: number): string | null {
  const inverse = Invert(homography);
  if (!inverse) return null;
  // diag(queryScale, queryScale, 1) · inverse · diag(1/knownScale, 1/knownScale, 1)
  const q = queryScale, k = 1 / knownScale;
  const m = [inverse[0] * q * k, inverse[1] * q * k, inverse[2] * q, inverse[3] * q * k, inverse[4] * q * k, inverse[5] * q,
    inverse[6] * k, inverse[7] * k, inverse[8]];
  const scale = m[8] !== 0 ? 1 / m[8] : 1;
  const n = m.map((value) => value * scale);
  // Column-major, with an untouched third axis.
  const cells = [n[0], n[3], 0, n[6], n[1], n[4], 0, n[7], 0, 0, 1, 0, n[2], n[5], 0, n[8]];
  return `matrix3d(${cells.map(Plain).join(",")})`;
}

/** CSS reads no "1e-7" in some engines' matrix3d: plain decimals. */
function Plain(value: number): string {
  const text = value.toFixed(12).replace(/\.?0+$/, "");
  return text === "-0" || text === "" ? "0" : text;
}

export function PointsAttribute(points: readonly Point[]): string {
  return points.map(([x, y]) => `${Round(x)},${Round(y)}`).join(" ");
}

/** CSS clip-path of an outline in picture pixels shown at `scale`. */
export function ClipPath(points: readonly Point[], scale: number): string {
  return `polygon(${points.map(([x, y]) => `${Round(x * scale)}px ${Round(y * scale)}px`).join(",")})`;
}

function Round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Corners of a radar plot: axis i of n, at share 0..1 of the radius, the first at the top, clockwise. */
export function RadarPoint(index: number, count: number, share: number, radius: number): Point {
  const angle = -Math.PI / 2 + (2 * Math.PI * index) / count;
  return [radius * share * Math.cos(angle), radius * share * Math.sin(angle)];
}
