// Starts the server on a free loopback port with an empty library, and a browser that may ask nobody else.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";

const tools = process.env.KANTEI_BROWSER_TOOLS;
const require = createRequire(join(tools, "package.json"));
const { chromium } = require("playwright-core");
const kAxe = require.resolve("axe-core/axe.min.js");

export const kPassword = "a sentence nobody guesses 17";
const kShots = process.env.KANTEI_SHOTS;

/** {url, password, stop}: a fresh server; with KANTEI_CONSOLE_URL one that runs already. */
export async function StartServer() {
  if (process.env.KANTEI_CONSOLE_URL)
    return { url: process.env.KANTEI_CONSOLE_URL, password: process.env.KANTEI_CONSOLE_PASSWORD ?? "onetime", stop: async () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "kantei-browser-"));
  const child = spawn(process.env.KANTEI, ["serve", "--library", join(folder, "library"), "--data", join(folder, "data"), "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server said no address:\n${said}`)), 90_000);
    const listen = (bytes) => {
      said += bytes;
      const url = /answers at (https?:\/\/[^\s]+:\d+)/.exec(said), password = /one-time password (\S+)/.exec(said);
      if (url && password) {
        clearTimeout(timer);
        resolve({ url: url[1] + "/", password: password[1] });
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${said}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...address, stop };
}

/** Opens pages and remembers what they did wrong: errors, blocked content, requests to others, alerts. */
export class Browser {
  static async Start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({ executablePath: process.env.KANTEI_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
    browser.faults = [];
    return browser;
  }

  async Page(url, { language = "en", theme = "light", width = 1280, height = 860 } = {}) {
    const context = await this.chromium.newContext({ viewport: { width, height }, locale: language === "ja" ? "ja-JP" : "en-GB", reducedMotion: "reduce" });
    await context.addInitScript(([l, c]) => { localStorage.setItem("kantei.language", l); localStorage.setItem("kantei.theme", c); }, [language, theme]);
    const page = await context.newPage();
    page.setDefaultTimeout(Number(process.env.KANTEI_BROWSER_TIMEOUT ?? 60_000));
    const origin = new URL(url).origin;
    page.on("console", (message) => {
      if (message.type() === "error" && !/status of 4(01|09|22|15|04)/.test(message.text())) this.faults.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.faults.push(`page: ${error.message}`));
    page.on("dialog", (dialog) => { this.faults.push(`alert: ${dialog.message()}`); void dialog.dismiss(); });
    page.on("request", (request) => {
      if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) this.faults.push(`asked ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 500) this.faults.push(`${response.status()} from ${response.url()}`);
    });
    await page.goto(url);
    return page;
  }

  /** Nothing went wrong since the last look. */
  AssertClean() {
    const faults = this.faults.splice(0);
    assert.deepEqual(faults, []);
  }

  async Stop() {
    await this.chromium.close();
  }
}

/** axe-core finds nothing serious or critical in what is shown. The page's policy admits no injected script, so it is evaluated. */
export async function AssertAccessible(page, place) {
  const { readFileSync } = await import("node:fs");
  await page.evaluate(readFileSync(kAxe, "utf8"));
  await page.waitForTimeout(150);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const grave = found.violations.filter((one) => one.impact === "serious" || one.impact === "critical");
  assert.deepEqual(grave.map((one) => `${place}: ${one.id} at ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")} ${one.nodes[0].failureSummary?.replace(/\s+/g, " ").slice(0, 200)}`), []);
  return found.violations.map((one) => `${one.id} (${one.impact})`);
}

export async function Shot(page, name) {
  if (!kShots) return;
  mkdirSync(kShots, { recursive: true });
  await page.waitForTimeout(250);
  await page.screenshot({ path: join(kShots, `${name}.png`) });
}

export async function SignIn(page, name, password) {
  await page.fill("input[name=username]", name);
  await page.fill("input[name=password]", password);
  await page.keyboard.press("Enter");
}
