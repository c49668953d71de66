// The review queue: the list on the left, the evidence of the row under the cursor beside it, everything by keys.
import { h, Replace } from "../core/dom";
import { ArtifactUrl, Get } from "../core/api";
import type { Command } from "../core/keys";
import { BulkResult, Inspection, QueuePage, Verdict } from "../core/model";
import { Address, Rewrite } from "../core/router";
import { May, Me } from "../core/session";
import { Named, t } from "../core/words";
import { Percent } from "../logic/format";
import { QueueRows, Row, WhyNot } from "../logic/review";
import { AskAssignee, AskNote, AskReason, Decide, LoadReviewSettings, Settings, Undo } from "../review/actions";
import { CaseHost, CaseView } from "../review/case_view";
import { FilterBar, FilterValues, ReadFilters, ToQuery } from "../review/filters";
import { IconOf } from "../ui/icons";
import { Notify, Say } from "../ui/live";
import { BandChip, Busy, Button, Complain, Empty, ErrorBox, ErrorText, StateChip } from "../ui/parts";
import { Thumb } from "../ui/pictures";
import type { View } from "./view";

export class QueueView implements View {
  readonly title = "nav.queue" as const;
  readonly element: HTMLElement;
  private readonly rows = new QueueRows();
  private readonly list = h("ul", { class: "queue-list", "aria-label": t("queue.list") });
  private readonly list_foot = h("div", { class: "queue-foot" });
  private readonly counts = h("p", { class: "lead", role: "status" });
  private readonly bulk = h("div", { class: "bulk-bar", hidden: true });
  private readonly view: CaseView;
  private readonly filter_bar: FilterBar;
  private filters: FilterValues;
  private next: string | null = null;
  private open_timer = 0;
  private closed = false;
  private generation = 0;

  constructor(address: Address) {
    this.filters = ReadFilters(address.query);
    const host: CaseHost = {
      decide: (verdict) => void this.Decide(verdict), undo: () => void this.Undo(), note: () => void this.Note(), assign: () => void this.Assign(),
      changed: (inspection) => this.Take([inspection]),
    };
    this.view = new CaseView(host);
    this.filter_bar = new FilterBar(this.filters, (values) => {
      this.filters = values;
      void this.Load();
    }, t("queue.waiting"));
    this.element = h("div", { class: "queue" },
      h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, t("nav.queue")),
        h("div", { class: "row" }, h("span", { class: "soft small-text key-hint" }, h("kbd", null, "j"), h("kbd", null, "k"), ` ${t("queue.keys_hint")} `, h("kbd", null, "?")),
          Button(t("common.refresh"), () => void this.Load(), "small")), this.counts),
      h("div", { class: "queue-split" },
        h("div", { class: "queue-side" }, this.filter_bar.element, this.bulk, this.list, this.list_foot), this.view.element));
    const wanted = Number(address.query.get("id") ?? 0);
    void LoadReviewSettings().catch(() => undefined).then(() => this.Load(wanted));
  }

  commands(): Command[] {
    const has = () => this.rows.Current() !== undefined;
    const may = () => has() && May("reviewer");
    return [
      { key: "j", label: () => t("keys.next"), run: () => this.Move(1), when: has },
      { key: "k", label: () => t("keys.previous"), run: () => this.Move(-1), when: has },
      { key: "x", label: () => t("keys.mark"), run: () => { this.rows.Mark(); this.Draw(); }, when: may },
      { key: "/", label: () => t("keys.search"), run: () => this.filter_bar.search.focus() },
      ...this.view.Commands(),
    ];
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.open_timer);
    this.view.Clear();
  }

  private async Load(wanted = 0): Promise<void> {
    const generation = ++this.generation;
    const keep = wanted || this.rows.Current()?.inspection.inspection_id;
    if (this.rows.rows.length === 0) Replace(this.list_foot, Busy());
    try {
      const page = await Get<QueuePage>("review/queue", { ...ToQuery(this.filters), limit: 50 });
      if (this.closed || generation !== this.generation) return;
      this.rows.Fill(page.items, keep);
      this.next = page.next;
      this.ShowCounts(page);
      this.Draw();
      if (this.rows.Current()) this.Open();
      else this.ShowEmpty();
    } catch (error) {
      if (this.closed || generation !== this.generation) return;
      Replace(this.list_foot, ErrorBox(error, () => void this.Load()));
    }
  }

  private ShowEmpty(): void {
    const filtered = Object.values(this.filters).some((value) => value);
    this.Address();
    this.view.Clear(filtered ? Empty(t("queue.none_filtered"), t("queue.none_filtered_hint"), Button(t("filter.clear"), () => { location.hash = "#/queue?"; }))
      : Empty(t("queue.none"), t("queue.none_hint"), h("a", { class: "button primary", href: "#/inspect" }, t("nav.inspect"))));
  }

  private ShowCounts(page: QueuePage): void {
    Replace(this.counts, t("queue.counts", { open: page.counts.open, second: page.counts.pending_second, escalated: page.counts.escalated }));
    document.dispatchEvent(new CustomEvent("kantei:queue", { detail: page.counts.open + page.counts.pending_second + page.counts.escalated }));
  }

  private async More(): Promise<void> {
    if (!this.next) return;
    const cursor = this.next;
    this.next = null;
    try {
      const page = await Get<QueuePage>("review/queue", { ...ToQuery(this.filters), limit: 50, cursor });
      this.rows.Add(page.items);
      this.next = page.next;
      this.Draw();
    } catch (error) {
      this.next = cursor;
      Complain(error);
    }
  }

  private RowElement(row: Row, index: number): HTMLElement {
    const { inspection } = row;
    const current = index === this.rows.cursor;
    const id = inspection.inspection_id;
    const settled = !["open", "pending_second", "escalated"].includes(inspection.state);
    const best = inspection.top_match;
    return h("li", { class: `queue-row ${current ? "current" : ""} ${settled ? "settled" : ""} ${row.saving ? "saving" : ""}` },
      May("reviewer") ? h("input", { type: "checkbox", checked: this.rows.marked.has(id), "aria-label": t("queue.mark", { name: inspection.file_name }), tabindex: "-1",
        on: { change: () => { this.rows.GoTo(id); this.rows.Mark(); this.Draw(); } } }) : null,
      h("button", { type: "button", class: "queue-open", "aria-current": current ? "true" : undefined, tabindex: current ? "0" : "-1", on: { click: () => this.GoTo(id) } },
        Thumb(ArtifactUrl(id, "preview"), inspection.file_name),
        h("span", { class: "queue-words" },
          h("span", { class: "name" }, inspection.file_name || t("case.unnamed")),
          h("span", { class: "row tight" }, BandChip(inspection.band),
            row.saving ? h("span", { class: "chip info" }, h("span", { class: "spinner tiny", "aria-hidden": "true" }), t("queue.saving"))
              : inspection.state !== "open" ? StateChip("state", inspection.state) : null),
          h("span", { class: "soft small-text one-line" }, best ? `${Named("bank_kind", best.bank_kind)}: ${best.label || `#${best.picture_id}`}` : this.Why(inspection)),
          inspection.assignee || inspection.notes || inspection.retroactive || inspection.changed_since_decision ? h("span", { class: "soft small-text row tight" },
            inspection.assignee ? h("span", null, IconOf("assign"), " ", inspection.assignee.display_name || inspection.assignee.name) : null,
            inspection.notes ? h("span", null, IconOf("note"), " ", t("queue.notes", { n: inspection.notes })) : null,
            inspection.retroactive ? h("span", null, IconOf("time"), " ", t("queue.retroactive")) : null,
            inspection.changed_since_decision ? h("span", null, IconOf("conflict"), " ", t("case.changed")) : null) : null,
          row.problem ? h("span", { class: "problem small-text" }, row.problem) : null)));
  }

  private Why(inspection: Inspection): string {
    const { ai_made, edited } = inspection.scores;
    if (edited !== null && (ai_made === null || edited >= ai_made)) return t("queue.edited", { share: Percent(edited) });
    if (ai_made !== null) return t("queue.ai_made", { share: Percent(ai_made) });
    return "";
  }

  private Draw(): void {
    const inside = this.list.contains(document.activeElement);
    Replace(this.list, this.rows.rows.map((row, index) => this.RowElement(row, index)));
    Replace(this.list_foot, this.next ? Button(t("common.more"), () => void this.More()) : null,
      this.rows.rows.length > 0 && this.rows.Waiting() === 0 ? h("p", { class: "done" }, t("queue.all_done")) : null);
    const marked = this.rows.marked.size;
    this.bulk.hidden = marked === 0;
    Replace(this.bulk, h("span", null, t("queue.marked", { n: marked })), Button(t("queue.unmark"), () => { this.rows.marked.clear(); this.Draw(); }, "small quiet"));
    const button = this.list.querySelector<HTMLElement>(".current .queue-open");
    if (inside) button?.focus({ preventScroll: true });
    button?.closest("li")?.scrollIntoView({ block: "nearest" });
  }

  private Address(): void {
    if (!this.closed) Rewrite(["queue"], { ...this.filters, id: this.rows.Current()?.inspection.inspection_id });
  }

  private Move(step: number): void {
    const moved = this.rows.Move(step);
    if (!moved && step > 0 && this.next) {
      void this.More().then(() => { if (this.rows.Move(1)) { this.Draw(); this.Open(); } });
      return;
    }
    if (!moved) return;
    this.Draw();
    // The list has the keyboard's attention now, wherever it was before.
    this.list.querySelector<HTMLElement>(".current .queue-open")?.focus({ preventScroll: true });
    this.Open(120);
  }

  private GoTo(id: number): void {
    if (this.rows.GoTo(id)) {
      this.Draw();
      this.Open();
    }
  }

  /** Evidence is loaded a moment after the cursor stops, so that running down the list asks for nothing. */
  private Open(wait = 0): void {
    window.clearTimeout(this.open_timer);
    this.Address();
    const id = this.rows.Current()?.inspection.inspection_id;
    if (id !== undefined) this.open_timer = window.setTimeout(() => void this.view.Show(id), wait);
  }

  private Take(inspections: readonly Inspection[]): void {
    for (const inspection of inspections) {
      const row = this.rows.Find(inspection.inspection_id);
      if (row) row.inspection = inspection;
    }
    this.Draw();
  }

  private async Decide(verdict: Verdict): Promise<void> {
    const ids = this.rows.Targets();
    const single = this.rows.Current();
    if (ids.length === 0 || !single) return;
    if (this.rows.marked.size === 0) {
      if (single.saving) return;
      const known = this.view.detail?.inspection.inspection_id === single.inspection.inspection_id ? this.view.detail.decisions : [];
      const obstacle = WhyNot(single.inspection, known, Me()?.user.user_id ?? 0);
      if (obstacle) {
        Notify(t(`decide.cannot_${obstacle}`), "error");
        return;
      }
    }
    let reason = this.view.Reason();
    const about = this.view.About();
    if (Settings().reason_required && reason === "") {
      const asked = await AskReason(verdict, ids.length);
      if (asked === null) return;
      reason = asked;
    }
    const names = ids.length === 1 ? this.rows.Find(ids[0])?.inspection.file_name ?? "" : t("queue.cases", { n: ids.length });
    this.rows.Begin(ids, verdict);
    const was = this.rows.Current()?.inspection.inspection_id;
    this.rows.Advance();
    this.Draw();
    if (this.rows.Current()?.inspection.inspection_id !== was) this.Open();
    const result = await this.Settle(ids, () => Decide(ids, verdict, reason, about));
    if (!result) return;
    const changed = result.items.map((item) => item.inspection_id);
    this.rows.Remember(changed);
    if (changed.length > 0) {
      const state = Named("state", result.items[0].state);
      Say(t("queue.said", { names, state, next: this.rows.Current()?.inspection.file_name ?? "" }));
    }
  }

  private async Settle(ids: readonly number[], call: () => Promise<BulkResult>): Promise<BulkResult | null> {
    try {
      const result = await call();
      if (this.closed) return null;
      this.rows.Settle(ids, result.items, result.failures);
      this.Draw();
      for (const item of result.items) this.view.Update(item);
      if (result.failures.length > 0) Notify(t("queue.refused", { n: result.failures.length, why: result.failures[0].detail }), "error");
      void this.Recount();
      return result;
    } catch (error) {
      if (this.closed) return null;
      this.rows.Fail(ids, ErrorText(error));
      this.Draw();
      Complain(error);
      return null;
    }
  }

  private async Recount(): Promise<void> {
    try {
      const page = await Get<QueuePage>("review/queue", { ...ToQuery(this.filters), limit: 1 });
      if (!this.closed) this.ShowCounts(page);
    } catch {
      // The numbers above the list are older than the list then.
    }
  }

  private async Undo(): Promise<void> {
    const ids = this.rows.TakeLast();
    if (ids.length === 0) {
      Notify(t("queue.nothing_to_undo"), "error");
      return;
    }
    this.rows.Begin(ids, "undo");
    this.rows.GoTo(ids[0]);
    this.Draw();
    this.Open();
    const result = await this.Settle(ids, () => Undo(ids));
    if (result && result.items.length > 0) Say(t("queue.undone", { names: result.items[0].file_name }));
  }

  private async Note(): Promise<void> {
    const row = this.rows.Current();
    if (!row) return;
    const note = await AskNote(row.inspection.inspection_id);
    if (!note) return;
    row.inspection = { ...row.inspection, notes: row.inspection.notes + 1 };
    this.Draw();
    this.view.Update(row.inspection);
    Say(t("note.added"));
  }

  private async Assign(): Promise<void> {
    const ids = this.rows.Targets();
    try {
      const result = await AskAssignee(ids);
      if (!result) return;
      this.rows.marked.clear();
      this.Take(result.items);
      for (const item of result.items) this.view.Update(item);
      Say(t("assign.done"));
    } catch (error) {
      Complain(error);
    }
  }
}
