// What screen readers are told, and the notices that others see. Errors stay until closed.
import { h, Replace } from "../core/dom";
import { t } from "../core/words";
import { IconOf } from "./icons";

const polite = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
const notices = h("div", { class: "notices" });

export function LiveRegions(): HTMLElement[] {
  return [polite, notices];
}

/** Says a sentence without showing it. The same sentence twice is said twice. */
export function Say(sentence: string): void {
  Replace(polite);
  window.setTimeout(() => Replace(polite, sentence), 30);
}

export interface NoticeAction {
  label: string;
  run: () => void;
}

export function Notify(sentence: string, kind: "done" | "error" = "done", action?: NoticeAction): void {
  const close = () => notice.remove();
  const notice = h("div", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" },
    IconOf(kind === "error" ? "strong" : "confirm"), h("span", { class: "grow" }, sentence),
    action && h("button", { type: "button", class: "quiet small", on: { click: () => { close(); action.run(); } } }, action.label),
    h("button", { type: "button", class: "icon-only quiet small", "aria-label": t("common.close"), on: { click: close } }, IconOf("close")));
  while (notices.childElementCount >= 3 && notices.firstElementChild) notices.firstElementChild.remove();
  notices.append(notice);
  if (kind === "done") {
    let timer = window.setTimeout(close, 7000);
    notice.addEventListener("pointerenter", () => window.clearTimeout(timer));
    notice.addEventListener("pointerleave", () => { timer = window.setTimeout(close, 3000); });
    notice.addEventListener("focusin", () => window.clearTimeout(timer));
  }
}
