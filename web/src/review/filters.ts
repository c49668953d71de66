// Filters that the queue and the list of cases share; they live in the address, so that a link shows the same.
import { h } from "../core/dom";
import type { Query } from "../core/api";
import { kBands, kStates, PersonName } from "../core/model";
import { May, Me } from "../core/session";
import { Named, t } from "../core/words";
import { NextDay } from "../logic/day";
import { Choice, Field, LeaveOnEscape } from "../ui/parts";
import { ActiveUsers } from "./actions";

export const kFilterNames = ["text", "state", "min_band", "label", "assignee", "from", "to"] as const;
export type FilterValues = Partial<Record<(typeof kFilterNames)[number], string>>;

export function ReadFilters(query: URLSearchParams): FilterValues {
  const out: FilterValues = {};
  for (const name of kFilterNames) {
    const value = query.get(name);
    if (value) out[name] = value;
  }
  return out;
}

/** "to" is exclusive for the server, inclusive for people. */
export function ToQuery(filters: FilterValues): Query {
  return { ...filters, to: filters.to ? NextDay(filters.to) : undefined };
}

export class FilterBar {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
  private timer = 0;

  constructor(private values: FilterValues, private readonly changed: (values: FilterValues) => void, first_state: string) {
    this.search = h("input", { type: "search", value: values.text ?? "", placeholder: t("filter.text_hint"), maxlength: "200",
      on: { input: () => { window.clearTimeout(this.timer); this.timer = window.setTimeout(() => this.Set("text", this.search.value.trim()), 350); },
        keydown: (event) => LeaveOnEscape(event, this.search) } });
    const state = Choice([["", first_state], ...kStates.map((one) => [one, Named("state", one)] as const)], values.state ?? "", (value) => this.Set("state", value));
    const band = Choice([["", t("filter.any_band")], ...kBands.slice(0, 3).map((one) => [one, t("filter.at_least", { band: Named("band", one) })] as const)],
      values.min_band ?? "", (value) => this.Set("min_band", value));
    const assignee = Choice([["", t("filter.anyone")], ["me", t("filter.me")], ["none", t("filter.nobody")]], values.assignee ?? "", (value) => this.Set("assignee", value));
    if (May("reviewer")) {
      void ActiveUsers().then((users) => {
        for (const user of users.filter((one) => one.user_id !== Me()?.user.user_id))
          assignee.append(h("option", { value: String(user.user_id), selected: values.assignee === String(user.user_id) }, PersonName(user)));
        assignee.value = values.assignee ?? "";
      }).catch(() => undefined);
    }
    const label: HTMLInputElement = h("input", { type: "text", value: values.label ?? "", maxlength: "64", on: { change: () => this.Set("label", label.value.trim()) } });
    const from: HTMLInputElement = h("input", { type: "date", value: values.from ?? "", on: { change: () => this.Set("from", from.value) } });
    const to: HTMLInputElement = h("input", { type: "date", value: values.to ?? "", on: { change: () => this.Set("to", to.value) } });
    const more = h("details", { class: "more-filters", open: Boolean(values.label || values.from || values.to || values.assignee) }, h("summary", null, t("filter.more")),
      h("div", { class: "field-grid" }, Field(t("filter.assignee"), assignee), Field(t("filter.label"), label), Field(t("filter.from"), from), Field(t("filter.to"), to)));
    this.element = h("search" as "section", { class: "filters", "aria-label": t("filter.title") },
      h("div", { class: "filter-line" }, Field(t("filter.text"), this.search), Field(t("filter.state"), state), Field(t("filter.band"), band)), more);
  }

  private Set(name: (typeof kFilterNames)[number], value: string): void {
    if ((this.values[name] ?? "") === value) return;
    this.values = { ...this.values, [name]: value || undefined };
    this.changed(this.values);
  }
}
