// Pictures for the browser tests, drawn in the browser itself: textured scenes with enough detail to be matched, and
// suspects made of them. Seeded, so every run has the same.

const kDraw = `
function Random(seed) { return () => { seed = (seed * 1664525 + 1013904223) >>> 0; return seed / 4294967296; }; }
function Scene(seed, width, height) {
  const random = Random(seed), canvas = document.createElement("canvas");
  canvas.width = width; canvas.height = height;
  const c = canvas.getContext("2d"), sky = c.createLinearGradient(0, 0, 0, height), hue = random() * 360;
  sky.addColorStop(0, "hsl(" + hue + " 60% 70%)"); sky.addColorStop(1, "hsl(" + (hue + 60) + " 40% 35%)");
  c.fillStyle = sky; c.fillRect(0, 0, width, height);
  for (let i = 0; i < 260; ++i) {
    c.save(); c.translate(random() * width, random() * height); c.rotate(random() * 6.3);
    c.fillStyle = "hsl(" + random() * 360 + " " + (30 + random() * 50) + "% " + (15 + random() * 65) + "%)";
    const w = 8 + random() * 90, h = 8 + random() * 60;
    if (random() < 0.4) { c.beginPath(); c.ellipse(0, 0, w / 2, h / 2, 0, 0, 6.3); c.fill(); } else c.fillRect(-w / 2, -h / 2, w, h);
    if (random() < 0.3) { c.fillStyle = "#111"; c.font = (10 + random() * 22) + "px sans-serif"; c.fillText(Math.floor(random() * 1e6).toString(36), -w / 2, 0); }
    c.restore();
  }
  const pixels = c.getImageData(0, 0, width, height);
  for (let i = 0; i < pixels.data.length; i += 4) { const n = (random() - 0.5) * 14; for (let k = 0; k < 3; ++k) pixels.data[i + k] += n; }
  c.putImageData(pixels, 0, 0);
  return canvas;
}
function Crop(from, x, y, w, h, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = w * scale; canvas.height = h * scale;
  canvas.getContext("2d").drawImage(from, x, y, w, h, 0, 0, w * scale, h * scale);
  return canvas;
}
function Plate(from, words) {
  const c = from.getContext("2d");
  c.fillStyle = "#fff"; c.fillRect(from.width * 0.3, from.height * 0.35, from.width * 0.4, from.height * 0.22);
  c.fillStyle = "#c00"; c.font = "bold " + from.height * 0.12 + "px sans-serif"; c.fillText(words, from.width * 0.33, from.height * 0.5);
  return from;
}
`;

/** A list of {name, mimeType, buffer} as Playwright's file inputs take them. Drawn on an empty page, whose policy is its own. */
export async function Draw(browser, recipes) {
  const page = await browser.chromium.newPage();
  const drawn = await page.evaluate(async ([source, list]) => {
    const make = new Function(`${source}; return (recipe) => eval(recipe);`)();
    const out = [];
    for (const { name, recipe, type } of list) {
      const blob = await new Promise((done) => make(recipe).toBlob(done, type, 0.9));
      const bytes = new Uint8Array(await blob.arrayBuffer());
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      out.push({ name, type, data: btoa(text) });
    }
    return out;
  }, [kDraw, recipes]);
  await page.close();
  return drawn.map(({ name, type, data }) => ({ name, mimeType: type, buffer: Buffer.from(data, "base64") }));
}

export const kKnown = Array.from({ length: 6 }, (_, i) => ({ name: `known-${i + 1}.jpg`, type: "image/jpeg", recipe: `Scene(${100 + i}, 900, 640)` }));

export const kSuspects = [
  { name: "crop.jpg", type: "image/jpeg", recipe: "Crop(Scene(100, 900, 640), 120, 90, 620, 450, 0.9)" },
  { name: "plate.jpg", type: "image/jpeg", recipe: "Plate(Crop(Scene(101, 900, 640), 0, 0, 900, 640, 0.8), 'SALE')" },
  { name: "small.png", type: "image/png", recipe: "Crop(Scene(102, 900, 640), 0, 0, 900, 640, 0.6)" },
  { name: "秋の新作 <img src=x onerror=alert(1)>.jpg", type: "image/jpeg", recipe: "Crop(Scene(103, 900, 640), 30, 20, 840, 600, 0.7)" },
  { name: "stranger.jpg", type: "image/jpeg", recipe: "Scene(900, 800, 600)" },
];
