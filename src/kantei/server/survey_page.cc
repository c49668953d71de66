#include "kantei/server/survey_page.h"

namespace kantei::server {

std::string_view SurveyHtml() {
  return R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Kantei survey</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/survey.css">
<script src="/survey.js" defer></script>
</head>
<body>
<header>
<span class="mark">KANTEI</span>
<span id="where" aria-live="polite"></span>
<span class="grow"></span>
<button id="language" type="button"></button>
<button id="theme" type="button"></button>
</header>
<div id="bar" role="progressbar" aria-valuemin="0"><span></span></div>
<main id="start" hidden>
<h1 data-text="title"></h1>
<p data-text="what"></p>
<ul>
<li data-text="keys"></li>
<li data-text="sure"></li>
<li data-text="clock"></li>
</ul>
<p><button id="begin" class="major" type="button" data-text="begin"></button></p>
<hr>
<p><label for="code" data-text="have"></label></p>
<p class="row"><input id="code" maxlength="12" autocomplete="off" spellcheck="false" autocapitalize="characters">
<button id="resume" type="button" data-text="resume"></button></p>
</main>
<main id="trial" hidden>
<h2 id="question"></h2>
<div id="pictures"></div>
<div id="answers" class="row"></div>
</main>
<main id="end" hidden>
<h1 data-text="thanks"></h1>
<p data-text="finished"></p>
</main>
<p id="trouble" role="alert" hidden></p>
<footer><span data-text="yourcode"></span> <code id="own"></code></footer>
<noscript><p>This page needs scripts. / このページにはスクリプトが必要です。</p></noscript>
</body>
</html>
)html";
}

std::string_view SurveyCss() {
  return R"css(:root{color-scheme:light;--paper:#fff;--ink:#1c2127;--soft:#59636e;--rule:#d5dae0;--wash:#f1f3f6;--accent:#24407a;--on:#fff}
@media (prefers-color-scheme:dark){:root{color-scheme:dark;--paper:#14171b;--ink:#e8ebef;--soft:#a3adb8;--rule:#39414b;--wash:#1f242a;
--accent:#8fb0f2;--on:#10141a}}
:root[data-theme=light]{color-scheme:light;--paper:#fff;--ink:#1c2127;--soft:#59636e;--rule:#d5dae0;--wash:#f1f3f6;--accent:#24407a;--on:#fff}
:root[data-theme=dark]{color-scheme:dark;--paper:#14171b;--ink:#e8ebef;--soft:#a3adb8;--rule:#39414b;--wash:#1f242a;--accent:#8fb0f2;
--on:#10141a}
*{box-sizing:border-box}
[hidden]{display:none!important}
html,body{height:100%}
body{margin:0;display:flex;flex-direction:column;background:var(--paper);color:var(--ink);
font:16px/1.6 "Helvetica Neue",Arial,"Noto Sans","Noto Sans CJK JP","Hiragino Sans",sans-serif}
header{display:flex;gap:14px;align-items:center;padding:8px 18px}
.mark{font-weight:700;letter-spacing:.08em;color:var(--accent)}
#where{color:var(--soft);font-variant-numeric:tabular-nums}
.grow{flex:1}
#bar{height:3px;background:var(--wash)}
#bar span{display:block;height:3px;width:0;background:var(--accent)}
main{flex:1;min-height:0;width:100%}
#start,#end{max-width:680px;margin:0 auto;padding:24px 20px}
h1{font-size:28px;line-height:1.3;margin:12px 0}
h2{font-size:18px;line-height:1.35;margin:10px 0 8px;text-align:center;font-weight:600}
hr{border:0;border-top:1px solid var(--rule);margin:26px 0 14px}
li{margin:4px 0}
button,input{font:inherit;color:var(--ink);background:var(--wash);border:1px solid var(--rule);border-radius:6px;padding:6px 14px;min-height:38px}
button{cursor:pointer}
button:hover{border-color:var(--accent)}
button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.major{background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:600;padding:10px 26px}
input{width:9em;letter-spacing:.12em;text-transform:uppercase}
.row{display:flex;gap:10px;flex-wrap:wrap;align-items:center}
#trial{display:flex;flex-direction:column;padding:0 18px 12px}
#pictures{flex:1;min-height:0;display:flex;gap:14px;justify-content:center}
#pictures figure{margin:0;flex:1;min-width:0;min-height:0;display:flex;align-items:center;justify-content:center;background:var(--wash);border-radius:4px}
#pictures img{max-width:100%;max-height:100%;object-fit:contain;display:block}
#answers{justify-content:center;margin-top:12px}
#answers button{min-width:8.5em}
kbd{font:600 .82em ui-monospace,"DejaVu Sans Mono",Menlo,monospace;border:1px solid var(--rule);border-bottom-width:2px;border-radius:4px;
padding:1px 6px;margin-right:8px;background:var(--paper)}
#trouble{max-width:680px;margin:8px auto;padding:8px 14px;border:1px solid #c77700;border-left-width:6px;border-radius:4px}
footer{padding:6px 18px 10px;color:var(--soft);font-size:13px;visibility:hidden}
footer.known{visibility:visible}
code{font:600 1em ui-monospace,"DejaVu Sans Mono",Menlo,monospace;letter-spacing:.1em;color:var(--ink)}
@media (max-width:640px){#pictures{flex-direction:column}#answers button{min-width:0;flex:1}}
)css";
}

std::string_view SurveyScript() {
  return R"js("use strict";
const TEXTS = {
  en: {
    title: "Real or edited?",
    what: "You will see pictures. Some are photographs as they were taken; in others a part was replaced by software. Say for each what you think, and how sure you are.",
    keys: "Answer with F or J (or 1 and 2), or click.",
    sure: "Then say with 1 to 5 how sure you are: 1 is a guess, 5 is certain.",
    clock: "Take the time you need, but the clock runs, also when the page is loaded again. Answers cannot be changed.",
    begin: "Begin", have: "You have a code and want to go on:", resume: "Go on", thanks: "Thank you",
    finished: "You have answered everything. You may close this page.", yourcode: "Your code, to go on later:",
    single: "Is this picture real, or was a part of it replaced?", pair: "In which picture was a part replaced?",
    confidence: "How sure are you?", real: "Real", edited: "Edited", left: "Left", right: "Right",
    c1: "A guess", c2: "Unsure", c3: "Fairly sure", c4: "Sure", c5: "Certain",
    dark: "Dark", light: "Light", other: "日本語", lost: "The server does not answer. Is it still running?",
    gone: "A picture cannot be shown. Please tell who runs the survey.", unknown: "No participant has this code.",
    moved: "The survey was opened in another window. Enter the code to go on here.", picture: "Picture", full: "The survey has all its participants."
  },
  ja: {
    title: "本物？ それとも加工？",
    what: "これから画像をお見せします。撮影されたままの写真もあれば、一部がソフトウェアで置き換えられた画像もあります。それぞれについて、どちらだと思うか、どのくらい自信があるかをお答えください。",
    keys: "F または J（あるいは 1 と 2）のキーで答えます。クリックでも答えられます。",
    sure: "続けて、どのくらい自信があるかを 1〜5 で答えます。1 は当てずっぽう、5 は確信です。",
    clock: "必要なだけ時間をかけてかまいませんが、ページを再読み込みしても時計は止まりません。答えは変更できません。",
    begin: "始める", have: "コードをお持ちで、続きから始める場合：", resume: "続ける", thanks: "ありがとうございました",
    finished: "すべての回答が終わりました。このページを閉じてかまいません。", yourcode: "あなたのコード（後で続けるとき用）：",
    single: "この画像は本物ですか？ それとも一部が置き換えられていますか？", pair: "一部が置き換えられているのはどちらの画像ですか？",
    confidence: "どのくらい自信がありますか？", real: "本物", edited: "加工あり", left: "左", right: "右",
    c1: "当てずっぽう", c2: "あまりない", c3: "まあまあ", c4: "ある", c5: "確信している",
    dark: "暗い画面", light: "明るい画面", other: "English", lost: "サーバーが応答しません。動作しているか確認してください。",
    gone: "画像を表示できません。調査の担当者にお知らせください。", unknown: "このコードの参加者はいません。",
    moved: "この調査は別のウィンドウで開かれました。ここで続けるにはコードを入力してください。", picture: "画像", full: "参加者の定員に達しました。"
  }
};
const $ = id => document.getElementById(id);
const asked = new URLSearchParams(location.search);
let language = asked.get("lang") || sessionStorage.getItem("language") || ((navigator.language || "en").startsWith("ja") ? "ja" : "en");
if (!(language in TEXTS)) language = "en";
let theme = asked.get("theme") || sessionStorage.getItem("theme") || "";
let key = "", trial = null, stage = "", shownAt = 0, busy = false;

function text(name) { return TEXTS[language][name] || name; }
function isDark() { return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches; }
function trouble(name) {
  $("trouble").hidden = !name;
  $("trouble").textContent = name ? text(name) : "";
}
async function ask(path, body) {
  const answer = await fetch("/api/" + path, {
    method: "POST", headers: {"Content-Type": "application/json", "X-Survey-Key": key}, body: JSON.stringify(body || {})
  });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.message), {status: answer.status});
  return json;
}
function show(id) {
  for (const name of ["start", "trial", "end"]) $(name).hidden = name !== id;
}
function words() {
  document.documentElement.lang = language;
  if (theme) document.documentElement.dataset.theme = theme;
  document.title = text("title") + " – Kantei";
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  $("language").textContent = text("other");
  $("theme").textContent = text(isDark() ? "light" : "dark");
  if (stage) answers();
}
function choices() {
  if (stage === "confidence") return ["1", "2", "3", "4", "5"].map(n => ({keys: [n], label: text("c" + n), value: n}));
  const names = trial.mode === "pair" ? ["left", "right"] : ["real", "edited"];
  return names.map((name, i) => ({keys: i ? ["J", "2"] : ["F", "1"], label: text(name), value: name}));
}
function answers() {
  $("question").textContent = text(stage === "confidence" ? "confidence" : trial.mode);
  $("answers").replaceChildren(...choices().map(choice => {
    const button = document.createElement("button"), cap = document.createElement("kbd");
    button.type = "button";
    cap.textContent = choice.keys[0];
    button.append(cap, choice.label);
    button.addEventListener("click", () => pick(choice.value));
    return button;
  }));
}
async function draw(view) {
  trial = view;
  stage = "";
  $("where").textContent = view.done ? "" : (view.index + 1) + " / " + view.total;
  $("bar").firstElementChild.style.width = (view.total ? 100 * view.index / view.total : 0) + "%";
  $("bar").setAttribute("aria-valuemax", view.total);
  $("bar").setAttribute("aria-valuenow", view.index);
  if (view.done) return show("end");
  $("answers").replaceChildren();
  $("question").textContent = text(view.mode);
  const images = view.pictures.map((url, i) => {
    const image = new Image();
    image.alt = text("picture") + " " + (i + 1);
    image.draggable = false;
    image.src = url;
    return image;
  });
  show("trial");
  // Both sides appear together: the slower one would give itself away.
  const decoded = await Promise.allSettled(images.map(image => image.decode()));
  if (trial !== view) return;
  $("pictures").replaceChildren(...images.map(image => {
    if (Math.max(image.naturalWidth, image.naturalHeight) < 512) image.width = 2 * image.naturalWidth;
    const figure = document.createElement("figure");
    figure.append(image);
    return figure;
  }));
  if (decoded.some(one => one.status === "rejected")) trouble("gone");
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  if (trial !== view) return;
  shownAt = performance.now();
  stage = view.awaits_confidence ? "confidence" : "answer";
  answers();
}
async function pick(value) {
  if (busy || !stage) return;
  const at = Math.round(performance.now() - shownAt);
  busy = true;
  try {
    if (stage === "answer") {
      await ask("choose", {token: trial.token, answer: value, client_ms: at});
      stage = "confidence";
      answers();
    } else {
      const view = await ask("rate", {token: trial.token, confidence: Number(value)});
      trouble("");
      $("pictures").replaceChildren();
      await draw(view);
    }
  } catch (error) { failed(error); }
  busy = false;
}
function failed(error) {
  if (error.status === 413) return trouble("full");
  if (error.status !== 404 && error.status !== 400) return trouble("lost");
  stage = "";
  key = "";
  show("start");
  trouble("moved");
}
async function enter(path, body) {
  if (busy) return;
  busy = true;
  trouble("");
  try {
    const entry = await ask(path, Object.assign({language}, body));
    key = entry.key;
    sessionStorage.setItem("code", entry.code);
    $("own").textContent = entry.code;
    document.querySelector("footer").className = "known";
    await draw(await ask("trial"));
  } catch (error) {
    show("start");
    if (error.status === 404) trouble("unknown"); else failed(error);
  }
  busy = false;
}
document.addEventListener("keydown", event => {
  // A key that is held down must not answer the next question.
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !stage) return;
  // With a Japanese input method on, the key has no name of its own.
  const name = event.key === "Process" ? event.code.replace(/^(Key|Digit|Numpad)/, "") : event.key.toUpperCase();
  const choice = choices().find(one => one.keys.includes(name));
  if (!choice) return;
  event.preventDefault();
  pick(choice.value);
});
document.addEventListener("contextmenu", event => { if (event.target.tagName === "IMG") event.preventDefault(); });
$("begin").addEventListener("click", () => enter("start"));
$("resume").addEventListener("click", () => enter("resume", {code: $("code").value.trim()}));
$("code").addEventListener("keydown", event => { if (event.key === "Enter") $("resume").click(); });
$("language").addEventListener("click", () => {
  language = language === "en" ? "ja" : "en";
  sessionStorage.setItem("language", language);
  words();
});
$("theme").addEventListener("click", () => {
  theme = isDark() ? "light" : "dark";
  sessionStorage.setItem("theme", theme);
  words();
});
words();
const code = location.hash.slice(1) || sessionStorage.getItem("code");
if (code) enter("resume", {code}); else show("start");
)js";
}

}  // namespace kantei::server
