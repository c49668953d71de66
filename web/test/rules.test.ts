import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { IsLocalUrl } from "../src/core/dom";
import { root, Sources } from "./sources";

test("links stay on this server", () => {
  for (const url of ["#/queue", "api/v1/x?y=1", "/icon.svg", "blob:http://localhost/1-2"]) assert.ok(IsLocalUrl(url), url);
  for (const url of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "\tjavascript:alert(1)", "java\nscript:alert(1)", "https://example.com/", "//example.com/", "data:text/html,x", "/\\example.com"])
    assert.ok(!IsLocalUrl(url), url);
});

test("no source can turn data into markup or code", () => {
  for (const { path, text } of Sources(".ts")) {
    if (path.endsWith(join("core", "dom.ts"))) continue; // names them to refuse them
    for (const banned of [/innerHTML/i, /outerHTML/i, /insertAdjacentHTML/, /document\.write/, /\beval\(/, /new Function/, /createContextualFragment/, /DOMParser/, /srcdoc/, /setAttribute\("style"/, /cssText/])
      assert.ok(!banned.test(text), `${path}: ${banned}`);
  }
});

test("the sources ask nobody else", () => {
  const hosts = [...Sources(".ts"), ...Sources(".css")].flatMap(({ text }) => [...text.matchAll(/https?:\/\/[a-z0-9][a-z0-9.-]*/gi)].map((match) => match[0]));
  assert.deepEqual([...new Set(hosts)], ["http://www.w3.org"]); // the SVG namespace
  const page = readFileSync(join(root, "index.html"), "utf8");
  assert.ok(!/https?:|<style|style=|<script>|\son\w+=/i.test(page));
});

test("the bundle stays small", (context) => {
  const dist = process.env.CONSOLE_DIST ?? "";
  if (!existsSync(join(dist, "app.js"))) return context.skip("not built");
  const bytes = ["index.html", "app.js", "app.css", "icon.svg"].reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name)), { level: 9 }).length, 0);
  assert.ok(bytes < 100_000, `${bytes} bytes compressed`);
});

type Colour = [number, number, number];

function Luminance([r, g, b]: Colour): number {
  const linear = (value: number) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : Math.pow((value / 255 + 0.055) / 1.055, 2.4));
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

function Contrast(a: Colour, b: Colour): number {
  const [low, high] = [Luminance(a), Luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

test("colours keep their contrast in both themes", () => {
  const css = Sources("tokens.css")[0].text;
  const blocks = [...css.matchAll(/\{([^{}]*--bg[^{}]*)\}/g)].map((match) => match[1]);
  assert.equal(blocks.length, 3); // light, dark as chosen, dark as the system's
  assert.equal(blocks[1].replace(/\s+/g, " ").trim(), blocks[2].replace(/\s+/g, " ").trim(), "both dark themes are one");
  const text: [string, string][] = [["ink", "bg"], ["ink", "surface"], ["ink", "raised"], ["ink", "sunken"], ["ink", "accent-wash"], ["soft", "bg"], ["soft", "surface"], ["soft", "sunken"],
    ["link", "bg"], ["link", "surface"], ["link", "accent-wash"], ["link", "sunken"], ["accent", "accent-wash"], ["accent", "surface"], ["accent-ink", "accent"], ["strong-ink", "strong"],
    ["moderate-ink", "moderate"], ["hold-ink", "hold"], ["good", "surface"], ["good", "good-wash"], ["good", "bg"], ["bad", "surface"], ["bad", "bad-wash"], ["surface", "bad"], ["stage-ink", "stage"]];
  const edges: [string, string][] = [["edge", "bg"], ["edge", "surface"], ["edge", "sunken"], ["focus", "bg"], ["focus", "surface"], ["focus", "accent-wash"]];
  for (const block of blocks) {
    const colours = new Map([...block.matchAll(/--([a-z-]+):\s*#([0-9a-f]{6})/g)].map((match) => [match[1], [0, 2, 4].map((at) => parseInt(match[2].slice(at, at + 2), 16)) as Colour]));
    for (const [pairs, least] of [[text, 4.5], [edges, 3]] as const) {
      for (const [a, b] of pairs) {
        const [first, second] = [colours.get(a), colours.get(b)];
        assert.ok(first && second, `${a}, ${b}`);
        const ratio = Contrast(first, second);
        assert.ok(ratio >= least, `${a} on ${b}: ${ratio.toFixed(2)}`);
      }
    }
  }
});
