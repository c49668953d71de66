// The shell: who is signed in, which screen is open, language, theme and keys.
import { ApiError, Get, OnSessionEnd } from "./core/api";
import { h, Replace } from "./core/dom";
import { ActiveCommands, Command, KeysAreOn, PushKeys, StartKeys, SwitchKeys } from "./core/keys";
import { PersonName, QueuePage, Session } from "./core/model";
import { ApplyTheme, Preference, SetPreference, Theme } from "./core/preferences";
import { Address, ParseAddress } from "./core/router";
import { May, Me, SetSession } from "./core/session";
import { CurrentLanguage, Key, Language, SetLanguage, t } from "./core/words";
import { ForgetUsers } from "./review/actions";
import { ShowDialog } from "./ui/dialog";
import { IconOf } from "./ui/icons";
import { LiveRegions, Notify } from "./ui/live";
import { Busy, Button, CheckField, Empty, ErrorBox, ErrorText } from "./ui/parts";
import { AuditView, KeysView, SystemView, UsersView } from "./views/admin";
import { CasePage } from "./views/case_page";
import { CasesView } from "./views/cases";
import { Brand, ChangePassword, PasswordFields, SignIn, SignOut } from "./views/gate";
import { InspectView } from "./views/inspect";
import { LibraryView } from "./views/library";
import { QueueView } from "./views/queue";
import { ThresholdsView } from "./views/thresholds";
import type { View } from "./views/view";

interface Place {
  key: string;
  label: Key;
  icon: string;
  go: string;
  shown: () => boolean;
}

const kPlaces: readonly Place[] = [
  { key: "queue", label: "nav.queue", icon: "queue", go: "q", shown: () => true },
  { key: "inspect", label: "nav.inspect", icon: "inspect", go: "s", shown: () => true },
  { key: "cases", label: "nav.cases", icon: "note", go: "f", shown: () => true },
  { key: "library", label: "nav.library", icon: "library", go: "l", shown: () => true },
  { key: "thresholds", label: "nav.thresholds", icon: "thresholds", go: "t", shown: () => true },
  { key: "audit", label: "nav.audit", icon: "audit", go: "a", shown: () => May("administrator") },
  { key: "users", label: "nav.users", icon: "users", go: "u", shown: () => May("administrator") },
  { key: "keys", label: "nav.keys", icon: "keys", go: "k", shown: () => true },
  { key: "system", label: "nav.system", icon: "system", go: "y", shown: () => true },
];

let view: View | null = null;
let release_view: (() => void) | null = null;
let release_shell: (() => void) | null = null;
let main: HTMLElement | null = null;
let queue_count = -1;

function MakeView(address: Address): View {
  const [first, second] = address.parts;
  switch (first) {
    case "inspect": return new InspectView(second ? Number(second) || null : null);
    case "cases": return new CasesView(address);
    case "case": return new CasePage(Number(second) || 0);
    case "library": return new LibraryView(second ?? "");
    case "thresholds": return new ThresholdsView();
    case "audit": if (May("administrator")) return new AuditView(); break;
    case "users": if (May("administrator")) return new UsersView(); break;
    case "keys": return new KeysView();
    case "system": return new SystemView();
    case undefined:
    case "queue": return new QueueView(address);
  }
  return { title: "error.no_page", element: Empty(t("error.no_page"), t("error.no_page_hint"), h("a", { class: "button", href: "#/queue" }, t("nav.queue"))) };
}

function CloseView(): void {
  view?.close?.();
  release_view?.();
  view = null;
  release_view = null;
}

function Open(focus: boolean): void {
  if (!main || !Me()) return;
  CloseView();
  const address = ParseAddress(location.hash);
  for (const dialog of document.querySelectorAll("dialog[open]")) (dialog as HTMLDialogElement).close();
  view = MakeView(address);
  Replace(main, view.element);
  const own = view;
  release_view = PushKeys(() => own.commands?.() ?? []);
  document.title = `${t(view.title)} – Kantei`;
  for (const link of document.querySelectorAll<HTMLElement>(".side nav a")) {
    const active = link.dataset.place === (address.parts[0] === "case" ? "cases" : address.parts[0] ?? "queue");
    if (active) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
  if (focus) (main.querySelector<HTMLElement>("h1") ?? main).focus();
}

function LanguageButton(redraw: () => void): HTMLElement {
  const other: Language = CurrentLanguage() === "ja" ? "en" : "ja";
  return h("button", { type: "button", class: "small", lang: other, on: { click: () => {
    SetPreference("language", other);
    SetLanguage(other);
    redraw();
  } } }, other === "ja" ? "日本語" : "English");
}

function ThemeButton(): HTMLElement {
  const order: Theme[] = ["auto", "light", "dark"];
  const icons = { auto: "auto", light: "sun", dark: "moon" };
  let theme = (Preference("theme") || "auto") as Theme;
  const button = h("button", { type: "button", class: "small", on: { click: () => {
    theme = order[(order.indexOf(theme) + 1) % order.length];
    SetPreference("theme", theme);
    ApplyTheme(theme);
    draw();
  } } });
  const draw = () => {
    Replace(button, IconOf(icons[theme]), h("span", { class: "unseen" }, t("theme.label")), h("span", { class: "word" }, t(`theme.${theme}`)));
  };
  draw();
  return button;
}

function GateTools(redraw: () => void): HTMLElement {
  return h("div", { class: "tools" }, LanguageButton(redraw), ThemeButton());
}

function Help(): void {
  const on: HTMLInputElement = h("input", { type: "checkbox", checked: KeysAreOn(), on: { change: () => SwitchKeys(on.checked) } });
  const commands = ActiveCommands();
  void ShowDialog({
    title: t("keys.title"), wide: true,
    body: [h("p", { class: "soft" }, t("keys.lead")),
      h("dl", { class: "key-list" }, commands.map((command) => h("div", null, h("dt", null, h("kbd", null, command.key === "Escape" ? "Esc" : command.key)), h("dd", null, command.label()))),
        kPlaces.filter((place) => place.shown()).map((place) => h("div", null, h("dt", null, h("kbd", null, "g"), " ", h("kbd", null, place.go)), h("dd", null, t("keys.go", { place: t(place.label) }))))),
      CheckField(t("keys.switch"), on)],
  });
}

/** "g" and a letter go to a screen; the second key has a second to come. */
function GoCommands(): Command[] {
  let waiting = 0;
  return [
    { key: "?", label: () => t("keys.help"), run: Help },
    { key: "g", label: () => t("keys.go_first"), run: () => {
      window.clearTimeout(waiting);
      const places = kPlaces.filter((place) => place.shown()).map((place): Command => ({ key: place.go, label: () => t(place.label), run: () => {
        release();
        location.hash = `#/${place.key}`;
      } }));
      const release = PushKeys(() => places, true);
      waiting = window.setTimeout(release, 1200);
    } },
  ];
}

function Shell(): void {
  const session = Me();
  if (!session) return;
  CloseView();
  release_shell?.();
  const go = GoCommands();
  release_shell = PushKeys(() => go);
  main = h("main", { id: "main", tabindex: "-1" });
  const nav = h("nav", { "aria-label": t("nav.label") }, kPlaces.filter((place) => place.shown()).map((place, index) => [
    index === 5 ? h("div", { class: "rule", "aria-hidden": "true" }) : null,
    h("a", { href: `#/${place.key}`, "data-place": place.key }, IconOf(place.icon), h("span", null, t(place.label)), place.key === "queue" ? h("span", { class: "count", hidden: true }) : null)]));
  const password = async () => {
    const fields = PasswordFields();
    const accepted = await ShowDialog({ title: t("password.change"), body: fields.body, confirm: t("password.do"), accept: async () => SetSession(await fields.send()) });
    if (accepted) Notify(t("password.changed"));
  };
  const side = h("header", { class: "side" }, h("a", { class: "brand", href: "#/queue" }, Brand().childNodes[0], h("span", null, "Kantei 鑑定")), nav,
    h("div", { class: "foot" }, h("div", { class: "who" }, h("strong", null, PersonName(session.user)), t(`role.${session.user.role}`)),
      h("div", { class: "tools" }, LanguageButton(Shell), ThemeButton(),
        h("button", { type: "button", class: "small", title: t("keys.help"), on: { click: Help } }, IconOf("help"), h("span", { class: "word" }, t("nav.help"))),
        h("button", { type: "button", class: "small", title: t("password.change"), on: { click: () => void password() } }, IconOf("keys"), h("span", { class: "word" }, t("nav.password"))),
        h("button", { type: "button", class: "small", title: t("nav.out"), on: { click: () => void Leave() } }, IconOf("out"), h("span", { class: "word" }, t("nav.out"))))));
  Replace(document.body, h("a", { class: "skip", href: "#main", on: { click: (event) => { event.preventDefault(); main?.focus(); } } }, t("nav.skip")),
    h("div", { class: "shell" }, side, main), LiveRegions());
  ShowCount();
  Open(false);
}

function ShowCount(): void {
  const badge = document.querySelector<HTMLElement>(".side .count");
  if (!badge || queue_count < 0) return;
  badge.hidden = queue_count === 0;
  badge.textContent = queue_count > 999 ? "999+" : String(queue_count);
  badge.setAttribute("aria-label", t("nav.waiting", { n: queue_count }));
  badge.setAttribute("role", "img");
}

async function CountQueue(): Promise<void> {
  if (!Me() || document.hidden) return;
  try {
    const { counts } = await Get<QueuePage>("review/queue", { limit: 1 });
    queue_count = counts.open + counts.pending_second + counts.escalated;
    ShowCount();
  } catch {
    // The next round tells.
  }
}

function Gate(notice = ""): void {
  CloseView();
  release_shell?.();
  release_shell = null;
  main = null;
  ForgetUsers();
  document.title = `${t("signin.title")} – Kantei`;
  Replace(document.body, SignIn(GateTools(() => Gate(notice)), Enter, notice), LiveRegions());
}

function PasswordGate(): void {
  CloseView();
  main = null;
  document.title = `${t("password.title")} – Kantei`;
  Replace(document.body, ChangePassword(GateTools(PasswordGate), Enter), LiveRegions());
}

function Enter(session: Session): void {
  SetSession(session);
  if (session.must_change_password) {
    PasswordGate();
    return;
  }
  Shell();
  main?.querySelector<HTMLElement>("h1")?.focus();
  void CountQueue();
}

async function Leave(): Promise<void> {
  try {
    await SignOut();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) {
      Notify(ErrorText(error), "error");
      return;
    }
  }
  SetSession(null);
  queue_count = -1;
  Gate(t("signin.out"));
}

async function Start(): Promise<void> {
  const wished = Preference("language");
  SetLanguage(wished === "ja" || wished === "en" ? wished : navigator.language.toLowerCase().startsWith("ja") ? "ja" : "en");
  ApplyTheme((Preference("theme") || "auto") as Theme);
  StartKeys();
  Replace(document.body, Busy());
  window.addEventListener("hashchange", () => Open(true));
  document.addEventListener("kantei:queue", (event) => {
    queue_count = (event as CustomEvent<number>).detail;
    ShowCount();
  });
  // Pictures dropped beside the zone would otherwise replace the page.
  for (const type of ["dragover", "drop"]) window.addEventListener(type, (event) => event.preventDefault());
  window.setInterval(() => void CountQueue(), 30000);
  OnSessionEnd(() => {
    if (Me()) {
      SetSession(null);
      Gate(t("signin.ended"));
    }
  }, () => { if (Me()) PasswordGate(); });
  try {
    Enter(await Get<Session>("session"));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) Gate();
    else Replace(document.body, h("main", { class: "gate" }, h("div", { class: "card" }, Brand(), ErrorBox(error), Button(t("common.retry"), () => location.reload(), "primary"))));
  }
}

void Start();
