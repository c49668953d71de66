// Small pieces that every screen uses.
import { Child, h, Replace, UniqueId } from "../core/dom";
import { ApiError } from "../core/api";
import { CurrentLanguage, Named, t } from "../core/words";
import { Ago, When } from "../logic/format";
import { IconOf } from "./icons";
import { Notify } from "./live";

/** The band in words, with a sign, so that colour is never alone. */
export function BandChip(band: string | undefined, failed = false): HTMLElement {
  if (failed || !band) return h("span", { class: "chip failed" }, IconOf("dismiss"), t("band.failed"));
  return h("span", { class: `chip ${band}` }, IconOf(band), Named("band", band));
}

export function StateChip(prefix: string, state: string): HTMLElement {
  return h("span", { class: `chip state state-${state.replace(/[^a-z_]/g, "")}` }, Named(prefix, state));
}

export function Field(label: string, control: HTMLElement, hint?: string): HTMLElement {
  if (!control.id) control.id = UniqueId("field");
  const note = hint ? h("span", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

/** Escape and Enter give the keys back to the list; the field keeps its words, which its own Escape would drop. */
export function LeaveOnEscape(event: KeyboardEvent, field: HTMLInputElement): void {
  if (event.key !== "Escape" && event.key !== "Enter") return;
  event.preventDefault();
  field.blur();
}

export function CheckField(label: string, control: HTMLInputElement): HTMLElement {
  return h("label", { class: "check" }, control, h("span", null, label));
}

export function Choice(options: readonly (readonly [string, string])[], value: string,
                       changed?: (value: string) => void): HTMLSelectElement {
  const select: HTMLSelectElement = h("select", { on: { change: () => changed?.(select.value) } },
    options.map(([key, label]) => h("option", { value: key, selected: key === value }, label)));
  return select;
}

export function Button(label: Child, run: () => void, kind = "", icon = ""): HTMLButtonElement {
  return h("button", { type: "button", class: kind, on: { click: run } }, icon && IconOf(icon), label);
}

export function TimeOf(iso: string | null | undefined): HTMLElement {
  if (!iso) return h("span", null, "–");
  return h("time", { datetime: iso, title: When(iso, CurrentLanguage()) }, Ago(iso, Date.now(), CurrentLanguage()));
}

export function ExactTime(iso: string | null | undefined): HTMLElement {
  if (!iso) return h("span", null, "–");
  return h("time", { datetime: iso }, When(iso, CurrentLanguage()));
}

export function Empty(title: string, sentence: string, ...actions: Child[]): HTMLElement {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), h("p", null, sentence), actions);
}

export function Busy(): HTMLElement {
  return h("p", { class: "busy", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), t("common.loading"));
}

export function ErrorText(error: unknown): string {
  if (error instanceof ApiError) return error.Sentence();
  return error instanceof Error ? error.message : String(error);
}

export function ErrorBox(error: unknown, retry?: () => void): HTMLElement {
  return h("div", { class: "error-box", role: "alert" }, IconOf("strong"),
    h("div", null, h("p", { class: "error-title" }, t("error.title")), h("p", null, ErrorText(error))),
    retry && Button(t("common.retry"), retry));
}

export function Complain(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  Notify(ErrorText(error), "error");
}

/** Fills a region from the server: busy, then the content or the error with a way to try again. */
export async function Load<T>(region: HTMLElement, fetch: () => Promise<T>, draw: (value: T) => Child): Promise<void> {
  const first = region.childElementCount === 0;
  if (first) Replace(region, Busy());
  region.setAttribute("aria-busy", "true");
  try {
    const value = await fetch();
    Replace(region, draw(value));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    Replace(region, ErrorBox(error, () => { Replace(region); void Load(region, fetch, draw); }));
  } finally {
    region.removeAttribute("aria-busy");
  }
}

export interface Column<Row> {
  label: string;
  cell: (row: Row) => Child;
  class?: string;
}

/** A table that scrolls sideways inside its frame when the window is narrow. */
export function DataTable<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): HTMLElement {
  return h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": caption },
    h("table", null, h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, columns.map((column) => h("th", { scope: "col", class: column.class }, column.label)))),
      h("tbody", null, rows.map((row) => h("tr", null, columns.map((column) => h("td", { class: column.class }, column.cell(row))))))));
}

export function Facts(rows: readonly (readonly [string, Child] | null)[]): HTMLElement {
  return h("dl", { class: "facts" }, rows.map((row) => row && h("div", null, h("dt", null, row[0]), h("dd", null, row[1]))));
}

export interface Tab {
  key: string;
  label: Child;
  draw: () => Child;
}

/** Tabs by the ARIA pattern: arrows move, the panel is drawn when it is shown. */
export function Tabs(label: string, tabs: readonly Tab[], current: string,
                     changed?: (key: string) => void): { element: HTMLElement; show: (key: string) => void } {
  const base = UniqueId("tabs");
  const panel = h("div", { class: "panel", role: "tabpanel", id: `${base}-panel`, tabindex: "0" });
  const buttons = tabs.map((tab) => h("button", {
    type: "button", role: "tab", id: `${base}-${tab.key}`, "aria-controls": panel.id,
    on: { click: () => show(tab.key), keydown: (event) => OnArrow(event, tab.key) },
  }, tab.label));
  const show = (key: string) => {
    const index = Math.max(0, tabs.findIndex((tab) => tab.key === key));
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", i === index ? "true" : "false");
      button.tabIndex = i === index ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[index].id);
    Replace(panel, tabs[index].draw());
    changed?.(tabs[index].key);
  };
  const OnArrow = (event: KeyboardEvent, key: string) => {
    const index = tabs.findIndex((tab) => tab.key === key);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = (index + step + tabs.length) % tabs.length;
    show(tabs[next].key);
    buttons[next].focus();
  };
  const element = h("div", { class: "tabs" }, h("div", { role: "tablist", "aria-label": label }, buttons), panel);
  show(current);
  return { element, show };
}

/** Shows a long hash short, whole on hover and to copy. */
export function Hash(hash: string): HTMLElement {
  return h("span", { class: "hash-line" }, h("code", { class: "hash" }, hash),
    h("button", {
      type: "button", class: "icon-only quiet small", "aria-label": t("common.copy_hash"),
      on: {
        click: () => navigator.clipboard?.writeText(hash).then(() => Notify(t("common.copied")), () => Notify(t("common.copy_failed"), "error")),
      },
    }, IconOf("copy")));
}
