import assert from "node:assert/strict";
import test from "node:test";
import { Fill, Slots } from "../src/logic/pattern";
import { en } from "../src/words/en";
import { ja } from "../src/words/ja";
import { Sources } from "./sources";

test("both languages have the same keys, filled, with the same slots", () => {
  assert.deepEqual(Object.keys(ja), Object.keys(en));
  for (const [key, words] of Object.entries(en)) {
    const other = (ja as Record<string, string>)[key];
    assert.ok(words.trim() !== "" && other.trim() !== "", key);
    assert.deepEqual(Slots(other), Slots(words), key);
    assert.ok(!other.includes("|"), `${key}: Japanese has one form`);
  }
});

test("Japanese is written in Japanese", () => {
  const same = Object.entries(en).filter(([key, words]) => (ja as Record<string, string>)[key] === words).map(([key]) => key);
  // Names that are the same everywhere.
  assert.deepEqual(same.sort(), ["audit.action_hint", "common.count", "common.ok", "file.sha256", "metadata.jpeg", "source.api"]);
});

test("every key in the sources exists, and every key is used", () => {
  const used = new Set<string>();
  const prefixes = new Set<string>();
  for (const { text } of Sources(".ts")) {
    for (const match of text.matchAll(/"([a-z_]+(?:\.[a-z0-9_]+)+)"/g)) used.add(match[1]);
    for (const match of text.matchAll(/\bt\(`([a-z_.]+)\$\{/g)) prefixes.add(match[1]);
    for (const match of text.matchAll(/(?:Named|StateChip)\("([a-z0-9_]+)"/g)) prefixes.add(match[1] + ".");
    for (const match of text.matchAll(/\bt\("([^"]+)"/g)) assert.ok(match[1] in en, match[1]);
  }
  prefixes.add("problem.");
  for (const key of Object.keys(en))
    assert.ok(used.has(key) || [...prefixes].some((prefix) => key.startsWith(prefix)), `${key} is never used`);
});

test("no words claim certainty", () => {
  for (const [key, words] of [...Object.entries(en), ...Object.entries(ja)])
    assert.ok(!/\b(proves?|proven|certainly|definitely|guaranteed)\b|断定でき|間違いなく|証明される/i.test(words), key);
});

test("slots are filled, numbers grouped, plurals chosen", () => {
  assert.equal(Fill("{n} {n|picture|pictures} of {name}", { n: 1, name: "a{b}" }, "en"), "1 picture of a{b}");
  assert.equal(Fill("{n} {n|picture|pictures}", { n: 12000 }, "en"), "12,000 pictures");
  assert.equal(Fill("{missing}", {}, "en"), "{missing}");
  assert.deepEqual(Slots("{b} {a|x|y} {b}"), ["a", "b"]);
});
