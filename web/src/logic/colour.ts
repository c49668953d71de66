// Colours of heat maps. Lightness rises evenly from dark violet over orange to pale yellow, so that the order can be read
// without telling hues apart.

const kStops: readonly (readonly [number, number, number])[] = [
  [24, 12, 60], [72, 18, 110], [128, 30, 110], [184, 50, 86], [228, 92, 50], [248, 152, 40], [252, 216, 110], [255, 250, 210],
];

/** 0..1 to red, green, blue 0..255. */
export function HeatColour(value: number): [number, number, number] {
  const x = Math.min(1, Math.max(0, value)) * (kStops.length - 1);
  const i = Math.min(kStops.length - 2, Math.floor(x));
  const share = x - i;
  const mix = (channel: number) => Math.round(kStops[i][channel] + (kStops[i + 1][channel] - kStops[i][channel]) * share);
  return [mix(0), mix(1), mix(2)];
}

/** Grey RGBA pixels to heat colours, in place. */
export function PaintHeat(pixels: Uint8ClampedArray): void {
  const table = Array.from({ length: 256 }, (_, grey) => HeatColour(grey / 255));
  for (let i = 0; i + 3 < pixels.length; i += 4) {
    const colour = table[pixels[i]];
    pixels[i] = colour[0];
    pixels[i + 1] = colour[1];
    pixels[i + 2] = colour[2];
  }
}
