// The main paths of the review console in a real browser, in both languages. Run by scripts/browser_tests.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AssertAccessible, Browser, kPassword, Shot, SignIn, StartServer } from "./harness.mjs";
import { Draw, kKnown, kSuspects } from "./pictures.mjs";

const kWords = {
  en: { queue: "Review queue", confirmed: "confirmed", dismissed: "dismissed", escalated: "escalated", inconclusive: "inconclusive", second: "waits for a second person", sound: /Sound/, saved: /Saved/, library: "Library", unsafe: "onerror" },
  ja: { queue: "審査待ち", confirmed: "該当と判断", dismissed: "該当せず", escalated: "上申中", inconclusive: "判断保留", second: "二人目の判断待ち", sound: /正常/, saved: /保存しました/, library: "ライブラリ", unsafe: "onerror" },
};

let server;
let browser;
const less = new Set();

before(async () => {
  server = await StartServer();
  browser = await Browser.Start();
});

after(async () => {
  await browser?.Stop();
  await server?.stop();
  if (less.size) console.log(`# axe, below serious: ${[...less].join(", ")}`);
});

async function Open(language, theme = "light", size = {}) {
  const page = await browser.Page(server.url, { language, theme, ...size });
  await page.waitForSelector("form");
  await SignIn(page, "admin", kPassword);
  await page.waitForSelector(".shell h1");
  return page;
}

async function Go(page, place) {
  await page.evaluate((hash) => { location.hash = hash; }, place);
  await page.waitForSelector("main h1");
}

async function Accessible(page, place) {
  for (const one of await AssertAccessible(page, place)) less.add(one);
}

/** What the current row of the queue says of its state. */
const CurrentState = (page) => page.locator(".queue-row.current .chip.state").textContent();
const CurrentName = (page) => page.locator(".queue-row.current .name").textContent();

async function EvidenceOf(page, name) {
  await page.waitForFunction((wanted) => document.querySelector(".case .case-name")?.textContent === wanted && !document.querySelector(".case[aria-busy]"), name);
}

test("the one-time password opens nothing but its change", async () => {
  const page = await browser.Page(server.url, { language: "ja" });
  await page.waitForSelector("form");
  await Accessible(page, "sign-in");
  await Shot(page, "signin-ja");
  await SignIn(page, "admin", "wrong");
  await page.waitForSelector(".problem:not([hidden])");
  await SignIn(page, "admin", server.password);
  await page.waitForSelector("input[autocomplete=new-password]");
  assert.equal(await page.locator(".shell").count(), 0);
  await Accessible(page, "password");
  await page.locator("input[autocomplete=current-password]").fill(server.password);
  const fresh = page.locator("input[autocomplete=new-password]");
  await fresh.nth(0).fill("short");
  await fresh.nth(1).fill("short");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".problem:not([hidden])");
  await fresh.nth(0).fill(kPassword);
  await fresh.nth(1).fill(kPassword);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".shell h1");
  await page.reload();
  await page.waitForSelector(".shell h1");
  await page.context().close();
  browser.AssertClean();
});

test("known pictures are added and shown", async () => {
  const page = await Open("en");
  await Go(page, "#/library/add");
  await page.locator(".drop input[type=file]").first().setInputFiles(await Draw(browser, kKnown));
  await page.waitForSelector(".callout:has-text('6')");
  await Go(page, "#/cases");
  await Go(page, "#/library");
  await page.waitForFunction(() => document.querySelectorAll(".picture-card").length === 6);
  await page.locator(".picture-card input").first().check();
  await page.getByRole("button", { name: "Change texts" }).click();
  await page.locator("dialog input[type=text]").first().fill("Catalogue 2026 <b>x</b>");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".picture-card .name:has-text('Catalogue 2026 <b>x</b>')");
  assert.equal(await page.locator(".picture-card b").count(), 0);
  await Accessible(page, "library");
  await page.context().close();
  browser.AssertClean();
});

for (const language of ["en", "ja"]) {
  const words = kWords[language];

  test(`${language}: pictures are dropped and their evidence is shown`, async () => {
    const page = await Open(language);
    await Go(page, "#/inspect");
    const files = await Draw(browser, kSuspects);
    files.push({ name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("\xff\xd8\xff\xe0 no picture", "latin1") });
    // A real drop, with the files in the event.
    const transfer = await page.evaluateHandle((list) => {
      const data = new DataTransfer();
      for (const { name, type, base64 } of list) data.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name, { type }));
      return data;
    }, files.map(({ name, mimeType, buffer }) => ({ name, type: mimeType, base64: buffer.toString("base64") })));
    await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
    await page.waitForFunction((count) => document.querySelectorAll("main section.card table tbody tr a.name").length >= count, kSuspects.length, { timeout: 240_000 });
    await page.waitForSelector("li.problem:has-text('broken.jpg')", { timeout: 120_000 });
    assert.equal(await page.locator("main img[src=x]").count(), 0);
    await Accessible(page, `inspect ${language}`);
    await Shot(page, `inspect-${language}`);

    await page.locator("a.name", { hasText: "crop.jpg" }).first().click();
    await page.waitForSelector(".case .pane image");
    assert.equal(await page.locator(".case-name").textContent(), "crop.jpg");
    assert.ok((await page.locator(".pane .mark.region").count()) >= 2, "both sides are outlined");
    for (const mode of ["swipe-line", "blink-name", "difference"]) {
      await page.keyboard.press("v");
      await page.waitForSelector(`.${mode}`);
    }
    const transform = await page.locator(".layer-known").evaluate((image) => getComputedStyle(image).transform);
    assert.match(transform, /^matrix/);
    await page.keyboard.press("v");
    await page.waitForSelector(".sides");
    await Accessible(page, `copy ${language}`);
    await Shot(page, `copy-${language}`);
    for (const [key, selector] of [["2", ".answer, .callout"], ["3", ".facts"], ["4", ".radar"], ["5", ".timeline"]]) {
      await page.keyboard.press(key);
      await page.waitForSelector(`.panel ${selector}`);
      await Accessible(page, `tab ${key} ${language}`);
      await Shot(page, `tab-${key}-${language}`);
    }
    await page.context().close();
    browser.AssertClean();
  });

  test(`${language}: a queue is worked by keys alone`, async () => {
    const page = await Open(language, language === "ja" ? "dark" : "light");
    // The queue may be on the screen already and is then made anew: rows of the old one are not what is looked at.
    await page.evaluate(() => document.querySelectorAll(".queue").forEach((queue) => { queue.dataset.old = "yes"; }));
    await page.keyboard.press("g");
    await page.keyboard.press("q");
    await page.waitForSelector(".queue:not([data-old]) .queue-row.current");
    assert.equal(await page.locator("main h1").textContent(), words.queue);
    const waiting = await page.locator(".queue-row").count();
    assert.ok(waiting >= 4, `${waiting} wait`);
    const first = await CurrentName(page);
    await page.keyboard.press("j");
    assert.notEqual(await page.locator(".queue-row").nth(0).getAttribute("class"), await page.locator(".queue-row").nth(1).getAttribute("class"));
    await page.keyboard.press("k");
    assert.equal(await CurrentName(page), first);
    await EvidenceOf(page, first);
    await Accessible(page, `queue ${language}`);
    await Shot(page, `queue-${language}`);

    const decided = [];
    for (const [key, state] of [["c", words.confirmed], ["d", words.dismissed], ["e", words.escalated], ["i", words.inconclusive]]) {
      const name = await CurrentName(page);
      const index = await page.locator(".queue-row").evaluateAll((rows) => rows.findIndex((row) => row.classList.contains("current")));
      await EvidenceOf(page, name);
      await page.keyboard.press(key);
      await page.waitForFunction(([at, wanted]) => document.querySelectorAll(".queue-row")[at].querySelector(".chip.state")?.textContent === wanted, [index, state]);
      decided.push(name);
    }
    // Undo goes back to the case it takes back.
    await page.keyboard.press("u");
    await page.waitForFunction(([wanted, undone]) => {
      const row = document.querySelector(".queue-row.current");
      return row?.querySelector(".name")?.textContent === wanted && row.querySelector(".chip.state")?.textContent !== undone && !row.classList.contains("saving");
    }, [decided[3], words.inconclusive]);
    await EvidenceOf(page, decided[3]);

    await page.keyboard.press("n");
    await page.waitForSelector("dialog[open] textarea");
    await page.keyboard.type("<script>alert(1)</script> seen by legal");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    await page.keyboard.press("a");
    await page.waitForSelector("dialog[open] select");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    await page.keyboard.press("5");
    await page.waitForSelector(".timeline .quote:has-text('<script>alert(1)</script> seen by legal')");
    await page.keyboard.press("/");
    await page.keyboard.type("no such picture");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".empty");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open] .key-list");
    await Accessible(page, `help ${language}`);
    await page.keyboard.press("Escape");
    await page.context().close();
    browser.AssertClean();
  });

  test(`${language}: thresholds, library search and audit`, async () => {
    const page = await Open(language, language === "en" ? "dark" : "light");
    await Go(page, "#/thresholds");
    await page.waitForSelector(".chart");
    await page.locator(".threshold-slider").focus();
    await page.keyboard.press("End");
    const before_move = await page.locator(".threshold-words").textContent();
    await page.keyboard.press("Home");
    await page.waitForFunction((old) => document.querySelector(".threshold-words")?.textContent !== old, before_move);
    await Accessible(page, `thresholds ${language}`);
    await Shot(page, `thresholds-${language}`);
    await page.locator(".threshold-layout button.primary").click();
    await page.waitForSelector(".notice");

    await Go(page, "#/library/search");
    await page.locator(".drop input[type=file]").setInputFiles(await Draw(browser, [kSuspects[1]]));
    await page.waitForSelector(".panel table tbody tr", { timeout: 120_000 });
    await Accessible(page, `search ${language}`);
    await Shot(page, `search-${language}`);

    if (language === "ja") {
      await Go(page, "#/cases");
      await page.locator("a.name", { hasText: "small.png" }).first().click();
      await page.waitForSelector(".case .pane image");
      await page.getByRole("button", { name: /誤報/ }).click();
      await page.locator(".notice", { hasText: "ignore" }).waitFor();
      await Go(page, "#/library/banks");
      await page.waitForSelector("main table tr:has-text('ignore') td.num:has-text('1')");
    }

    await Go(page, "#/audit");
    await page.waitForSelector("main table tbody tr");
    await page.locator(".page-head button").click();
    await page.locator(".callout", { hasText: words.sound }).waitFor();
    await Accessible(page, `audit ${language}`);
    await Shot(page, `audit-${language}`);
    for (const place of ["cases", "users", "keys", "system", "library/banks", "library/retroactive"]) {
      await Go(page, `#/${place}`);
      await page.waitForSelector("main table, main .empty, main .card-grid");
      await Accessible(page, `${place} ${language}`);
      await Shot(page, `${place.replace("/", "-")}-${language}`);
    }
    await page.context().close();
    browser.AssertClean();
  });
}

test("a second person settles, and reasons are asked for", async () => {
  const page = await Open("en");
  await Go(page, "#/system");
  await page.locator("select").selectOption("all");
  await page.locator("main .check input").check();
  await page.locator("section button.primary").click();
  await page.waitForSelector(".notice");
  await Go(page, "#/users");
  await page.locator(".page-head button.primary").click();
  await page.locator("dialog input").first().fill("second");
  await page.keyboard.press("Enter");
  const one_time = (await page.locator("dialog code.hash").textContent()).trim();
  await page.keyboard.press("Escape");

  await Go(page, "#/queue");
  await page.waitForSelector(".queue-row.current");
  const name = await CurrentName(page);
  await EvidenceOf(page, name);
  await page.keyboard.press("c");
  await page.waitForSelector("dialog[open] textarea");
  await page.keyboard.press("Enter"); // without a reason it stays
  await page.waitForSelector("dialog[open] .problem:not([hidden])");
  await page.keyboard.type("The logo is ours.");
  await page.keyboard.press("Enter");
  await page.waitForFunction((wanted) => [...document.querySelectorAll(".queue-row .chip.state")].some((chip) => chip.textContent === wanted), kWords.en.second);
  const id = await page.evaluate(async () => (await (await fetch("api/v1/review/queue?state=pending_second")).json()).items[0].inspection_id);
  await Go(page, `#/case/${id}`);
  await page.waitForSelector(".verdict.confirm:disabled");

  const other = await browser.Page(server.url, { language: "ja" });
  await other.waitForSelector("form");
  await SignIn(other, "second", one_time);
  await other.waitForSelector("input[autocomplete=new-password]");
  await other.locator("input[autocomplete=current-password]").fill(one_time);
  for (const at of [0, 1]) await other.locator("input[autocomplete=new-password]").nth(at).fill(kPassword + at * 0);
  await other.keyboard.press("Enter");
  await other.waitForSelector(".shell h1");
  assert.equal(await other.locator(".side a[data-place=audit]").count(), 0, "reviewers see no audit log");
  await Go(other, `#/case/${id}`);
  await other.waitForSelector(".verdict.confirm:not(:disabled)");
  await Accessible(other, "second person");
  await other.keyboard.press("r");
  await other.keyboard.type("同意する");
  await other.keyboard.press("Escape");
  await other.keyboard.press("c");
  await other.waitForSelector(`.case .chip.state:has-text("${kWords.ja.confirmed}")`);

  await page.reload();
  await page.waitForSelector(".case .chip.state:has-text('confirmed')");
  await page.keyboard.press("5");
  await page.locator(".panel button.primary").click();
  await page.waitForSelector(".file-row");
  const report = await page.locator(".file-row a").first().getAttribute("href");
  const filed = await page.evaluate(async (url) => { const answer = await fetch(url); return { status: answer.status, policy: answer.headers.get("content-security-policy") ?? "", text: await answer.text() }; }, report);
  assert.equal(filed.status, 200);
  assert.match(filed.policy, /sandbox/);
  assert.ok(filed.text.includes("The logo is ours."));
  await Go(page, "#/system");
  await page.locator("select").selectOption("off");
  await page.locator("main .check input").uncheck();
  await page.locator("section button.primary").click();
  await page.waitForSelector(".notice");
  await other.context().close();
  await page.context().close();
  browser.AssertClean();
});

test("a tablet shows every screen without scrolling sideways", async () => {
  for (const width of [820, 1024, 1280]) {
    const page = await Open("ja", "light", { width, height: 1100 });
    for (const place of ["queue", "inspect", "cases", "library", "thresholds", "audit", "users", "keys", "system"]) {
      await Go(page, `#/${place}`);
      await page.waitForTimeout(300);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 1, `${place} at ${width}: ${over} pixels too wide`);
      if (width === 820) await Shot(page, `tablet-${place}`);
    }
    await page.context().close();
  }
  browser.AssertClean();
});
