// What every check shows alike: its sentence, its grounds, what it cannot tell.
import { Child, h } from "../core/dom";
import { Named, Pick, t } from "../core/words";
import { BandChip } from "../ui/parts";
import type { CheckJson, CheckKey } from "./model";

export function CheckHead(key: CheckKey, check: CheckJson): HTMLElement {
  return h("div", { class: "check-head" },
    h("h3", null, t(`check.${key}.question`)),
    check.gives_verdict === false && !check.error ? h("span", { class: "chip info" }, t("band.information")) : BandChip(check.band, !!check.error),
    check.error ? h("p", { class: "problem" }, `${Named("failure", check.error.code)}: ${check.error.message}`) : null,
    check.headline ? h("p", { class: "headline" }, Pick(check.headline)) : null);
}

export function Grounds(check: CheckJson): HTMLElement | null {
  if (!check.grounds?.length) return null;
  return h("section", { class: "grounds" }, h("h4", null, t("evidence.grounds")), h("ul", null, check.grounds.map((ground) => h("li", null, Pick(ground)))));
}

export function Limits(check: CheckJson, ...more: Child[]): HTMLElement | null {
  if (!check.limits?.length && more.length === 0) return null;
  return h("section", { class: "limits" }, h("h4", null, t("evidence.limits")),
    h("ul", null, (check.limits ?? []).map((limit) => h("li", null, Pick(limit))), more.map((one) => h("li", null, one))));
}

export function Missing(key: CheckKey): HTMLElement {
  return h("div", null, h("h3", null, t(`check.${key}.question`)), h("p", { class: "soft" }, t("evidence.not_run")));
}
