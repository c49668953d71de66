// One case: what was found, and what people decide about it. The queue and the case's own page both show it.
import { h, Replace } from "../core/dom";
import { ArtifactUrl, Get, Patch, Post } from "../core/api";
import type { Command } from "../core/keys";
import { Inspection, InspectionDetail, Job, kAbout, kVerdicts, LibraryPicture, PersonName, Verdict } from "../core/model";
import { May, Me } from "../core/session";
import { Named, Pick, t } from "../core/words";
import { CompareStage } from "../evidence/compare";
import { CopyTab, MatchName } from "../evidence/copy_tab";
import { MetadataTab } from "../evidence/metadata_tab";
import { CheckKey, kChecks, Match } from "../evidence/model";
import { PixelTab } from "../evidence/pixel_tab";
import { RealismTab } from "../evidence/realism_tab";
import { Bytes } from "../logic/format";
import { Standing, WhyNot } from "../logic/review";
import { ShowDialog } from "../ui/dialog";
import { IconOf } from "../ui/icons";
import { Notify, Say } from "../ui/live";
import { BandChip, Button, CheckField, Complain, ErrorBox, ErrorText, Field, Busy, StateChip, Tabs, TimeOf } from "../ui/parts";
import { Thumb } from "../ui/pictures";
import { Settings } from "./actions";
import { HistoryTab } from "./history";

export interface CaseHost {
  decide: (verdict: Verdict) => void;
  undo: () => void;
  note: () => void;
  assign: () => void;
  /** The case changed by something done inside the view. */
  changed: (inspection: Inspection) => void;
}

const kVerdictKeys: Record<Verdict, string> = { confirm: "c", dismiss: "d", escalate: "e", inconclusive: "i" };

export class CaseView {
  readonly element = h("section", { class: "case", "aria-label": t("case.label") });
  detail: InspectionDetail | null = null;
  private readonly reason = h("input", { type: "text", maxlength: "2000", class: "reason-input", autocomplete: "off" });
  private readonly about = new Map(kAbout.map((key) => [key as string, h("input", { type: "checkbox" })]));
  private readonly bar = h("div", { class: "decision-bar" });
  private stage: CompareStage | null = null;
  private show_tab: ((key: string) => void) | null = null;
  private tab = "";
  private shown_id = 0;
  private abort: AbortController | null = null;

  constructor(private readonly host: CaseHost) {
    this.reason.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault();
        this.reason.blur();
      }
    });
  }

  Reason(): string {
    return this.reason.value.trim();
  }

  About(): string[] {
    return [...this.about].filter(([, box]) => box.checked).map(([key]) => key);
  }

  Commands(): Command[] {
    const tabs = [...kChecks, "history"];
    const may = () => this.detail !== null && May("reviewer");
    return [
      ...kVerdicts.map((verdict): Command => ({ key: kVerdictKeys[verdict], label: () => t(`verdict.${verdict}`), run: () => this.host.decide(verdict), when: may })),
      { key: "u", label: () => t("keys.undo"), run: () => this.host.undo(), when: may },
      { key: "n", label: () => t("note.title"), run: () => this.host.note(), when: may },
      { key: "a", label: () => t("assign.short"), run: () => this.host.assign(), when: may },
      ...tabs.map((key, index): Command => ({ key: String(index + 1), label: () => t("keys.tab", { name: key === "history" ? t("history.tab") : t(`check_name.${key as CheckKey}`) }),
        run: () => this.show_tab?.(key), when: () => this.show_tab !== null })),
      { key: "v", label: () => t("keys.mode"), run: () => this.stage?.NextMode(), when: () => this.stage !== null },
      { key: "b", label: () => t("keys.blink"), run: () => this.stage?.Blink(), when: () => this.stage !== null },
      { key: "o", label: () => t("keys.marks"), run: () => this.stage?.ToggleMarks(), when: () => this.stage !== null },
      { key: "r", label: () => t("keys.reason"), run: () => this.reason.focus(), when: may },
      { key: "l", label: () => t("keys.labels"), run: () => void this.EditLabels(), when: may },
    ];
  }

  async Show(id: number, fresh = true): Promise<void> {
    this.abort?.abort();
    this.abort = new AbortController();
    const signal = this.abort.signal;
    if (id !== this.shown_id) {
      this.reason.value = "";
      for (const box of this.about.values()) box.checked = false;
      if (fresh && this.element.childElementCount === 0) Replace(this.element, Busy());
    }
    this.shown_id = id;
    this.element.setAttribute("aria-busy", "true");
    try {
      const detail = await Get<InspectionDetail>(`inspections/${id}`, {}, signal);
      if (signal.aborted) return;
      this.detail = detail;
      this.Draw(detail);
    } catch (error) {
      if (signal.aborted) return;
      this.detail = null;
      Replace(this.element, ErrorBox(error, () => void this.Show(id)));
    } finally {
      if (!signal.aborted) this.element.removeAttribute("aria-busy");
    }
  }

  Clear(...children: Node[]): void {
    this.abort?.abort();
    this.stage?.Close();
    this.stage = null;
    this.show_tab = null;
    this.detail = null;
    this.shown_id = 0;
    this.element.removeAttribute("aria-busy");
    Replace(this.element, children);
  }

  /** Takes what the server said about the case without loading its evidence again. */
  Update(inspection: Inspection): void {
    if (this.detail && this.shown_id === inspection.inspection_id) void this.Show(inspection.inspection_id, false);
  }

  private Draw(detail: InspectionDetail): void {
    this.stage?.Close();
    this.stage = null;
    const { inspection, result } = detail;
    const id = inspection.inspection_id;
    const has = (name: string) => detail.artifacts.some((one) => one.name === name);
    const url = (name: string) => (has(name) ? ArtifactUrl(id, name) : null);
    const picture = url("picture") ?? url("preview");
    const head = h("header", { class: "case-head" },
      Thumb(url("preview"), inspection.file_name, "large"),
      h("div", { class: "grow stack tight" },
        h("h2", { class: "name case-name" }, inspection.file_name || t("case.unnamed")),
        h("p", { class: "soft small-text" }, `#${id} · ${inspection.width} × ${inspection.height} · ${Bytes(inspection.bytes)} · `, TimeOf(inspection.created_at), ` · ${PersonName(inspection.created_by)}`),
        h("div", { class: "row" }, StateChip("state", inspection.state),
          inspection.assignee ? h("span", { class: "chip none" }, IconOf("assign"), PersonName(inspection.assignee)) : null,
          inspection.labels.map((label) => h("span", { class: "chip label" }, label)),
          inspection.changed_since_decision ? h("span", { class: "chip moderate" }, IconOf("conflict"), t("case.changed")) : null,
          inspection.retroactive > 0 ? h("span", { class: "chip moderate" }, IconOf("time"), t("case.retroactive", { n: inspection.retroactive })) : null,
          inspection.erased ? h("span", { class: "chip failed" }, t("case.erased")) : null)),
      h("div", { class: "row case-tools" },
        May("reviewer") ? Button(t("case.labels"), () => void this.EditLabels(), "small") : null,
        May("reviewer") && !inspection.erased ? Button(t("case.rerun"), () => void this.Rerun(), "small") : null));
    this.DrawBar(detail);
    const conflicts = result.conflicts ?? [];
    const tabs = Tabs(t("case.tabs"), [
      ...kChecks.map((key, index) => ({
        key, label: this.TabLabel(key, index + 1, detail), draw: () => this.DrawTab(key, detail, picture, url),
      })),
      { key: "history", label: [t("history.tab"), h("kbd", null, "5")], draw: () => { this.DropStage(); return HistoryTab(detail); } },
    ], this.FirstTab(detail), (key) => { this.tab = key; });
    this.show_tab = tabs.show;
    Replace(this.element, head, this.bar,
      result.error ? h("p", { class: "problem" }, `${Named("failure", result.error.code)}: ${result.error.message}`) : null,
      inspection.error ? h("p", { class: "callout warn" }, inspection.error) : null,
      conflicts.length > 0 ? h("section", { class: "conflicts", "aria-label": t("case.conflicts") }, h("h3", null, IconOf("conflict"), t("case.conflicts")),
        h("ul", { class: "bullets" }, conflicts.map((one) => h("li", null, Pick(one))))) : null,
      tabs.element,
      h("p", { class: "soft small-text fine" }, t("case.certainty")));
  }

  /** The tab that was open, else the check with the weightiest evidence. */
  private FirstTab(detail: InspectionDetail): string {
    if (this.tab === "history") return this.tab;
    const order = ["none", "inconclusive", "moderate", "strong"];
    let best: string = "copy";
    let weight = -1;
    for (const key of kChecks) {
      const check = detail.result.checks?.[key];
      const own = check?.gives_verdict ? order.indexOf(check.band ?? "") : -1;
      if (own > weight) {
        weight = own;
        best = key;
      }
    }
    return best;
  }

  private TabLabel(key: CheckKey, digit: number, detail: InspectionDetail): Node[] {
    const check = detail.result.checks?.[key];
    const chip = !check ? null : check.gives_verdict === false && !check.error ? null : BandChip(check.band, !!check.error);
    return [h("span", null, t(`check_name.${key}`)), ...(chip ? [chip] : []), h("kbd", null, String(digit))];
  }

  private DropStage(): void {
    this.stage?.Close();
    this.stage = null;
  }

  private DrawTab(key: CheckKey, detail: InspectionDetail, picture: string | null, url: (name: string) => string | null): HTMLElement {
    this.DropStage();
    const { result, inspection } = detail;
    switch (key) {
      case "copy":
        return CopyTab({
          result, picture_url: picture,
          ignore: May("reviewer") && !inspection.erased ? (match) => void this.Ignore(match) : null,
          stage_changed: (stage) => { this.stage = stage; },
        });
      case "authenticity":
        return PixelTab(result.checks?.authenticity, {
          picture, map: url("authenticity-map"), confidence: url("authenticity-confidence"), width: result.file.width, height: result.file.height,
        });
      case "metadata":
        return MetadataTab(result.checks?.metadata);
      case "realism":
        return RealismTab(result.checks?.realism);
    }
  }

  private DrawBar(detail: InspectionDetail): void {
    const { inspection } = detail;
    if (!May("reviewer")) {
      Replace(this.bar, h("p", { class: "soft" }, t("decide.viewer")));
      return;
    }
    const obstacle = WhyNot(inspection, detail.decisions, Me()?.user.user_id ?? 0);
    const standing = Standing(detail.decisions);
    const last = standing[standing.length - 1];
    const by = last ? { who: PersonName(last.by), verdict: Named("verdict", last.verdict) } : { who: "", verdict: "" };
    let sentence: Node | null = null;
    if (obstacle === "settled" && last) sentence = h("span", null, t("decide.settled", { ...by, state: Named("state", inspection.state) }), " ", TimeOf(last.at));
    else if (obstacle === "own_first") sentence = h("span", null, t("decide.own_first", by));
    else if (inspection.state === "pending_second" && last) sentence = h("span", null, t("decide.second_now", by));
    else if (inspection.state === "escalated" && last) sentence = h("span", null, t("decide.escalated", by));
    const id = "decision-reason";
    this.reason.id = id;
    Replace(this.bar,
      sentence ? h("p", { class: "decision-state" }, IconOf(obstacle === "own_first" || inspection.state === "pending_second" ? "time" : "note"), sentence) : null,
      h("div", { class: "row" },
        h("div", { class: "row verdicts", role: "group", "aria-label": t("decide.title") }, kVerdicts.map((verdict) => h("button", {
          type: "button", class: `verdict ${verdict}`, disabled: obstacle !== null, on: { click: () => this.host.decide(verdict) },
        }, IconOf(verdict), t(`verdict.${verdict}`), h("kbd", null, kVerdictKeys[verdict])))),
        h("div", { class: "row others" },
          h("button", { type: "button", class: "small", disabled: standing.length === 0, on: { click: () => this.host.undo() } }, IconOf("undo"), h("span", { class: "word" }, t("decide.undo")), h("kbd", null, "u")),
          h("button", { type: "button", class: "small", on: { click: () => this.host.note() } }, IconOf("note"), h("span", { class: "word" }, t("note.short")), h("kbd", null, "n")),
          h("button", { type: "button", class: "small", on: { click: () => this.host.assign() } }, IconOf("assign"), h("span", { class: "word" }, t("assign.short")), h("kbd", null, "a")))),
      obstacle === null ? h("div", { class: "row reason-row" },
        h("label", { for: id, class: "small-text soft" }, Settings().reason_required ? t("decide.reason_must") : t("decide.reason"), " ", h("kbd", null, "r")), this.reason,
        h("fieldset", { class: "about" }, h("legend", { class: "small-text soft", title: t("decide.about_hint") }, t("decide.about")),
          [...this.about].map(([key, box]) => CheckField(Named("check_name", key), box)))) : null);
  }

  private async EditLabels(): Promise<void> {
    const detail = this.detail;
    if (!detail) return;
    const input = h("input", { type: "text", value: detail.inspection.labels.join(", "), autofocus: true });
    await ShowDialog({
      title: t("labels.title"), body: Field(t("labels.field"), input, t("labels.hint")), confirm: t("common.save"),
      accept: async () => {
        const labels = [...new Set(input.value.split(/[,、，]/).map((one) => one.trim()).filter((one) => one !== ""))];
        const inspection = await Patch<Inspection>(`inspections/${detail.inspection.inspection_id}`, { labels });
        this.host.changed(inspection);
        this.Update(inspection);
      },
    });
  }

  private async Rerun(): Promise<void> {
    if (!this.detail) return;
    try {
      await Post<Job>(`inspections/${this.detail.inspection.inspection_id}/rerun`);
      Notify(t("case.rerun_queued"));
    } catch (error) {
      Complain(error);
    }
  }

  /** One click: the picture goes into the ignore bank; what was decided stays. The notice offers to see it. */
  private async Ignore(match: Match): Promise<void> {
    if (!this.detail) return;
    const { inspection } = this.detail;
    try {
      const added = await Post<LibraryPicture>(`inspections/${inspection.inspection_id}/ignore`, { label: inspection.file_name.slice(0, 256) });
      Say(t("match.ignored", { name: MatchName(match), bank: added.bank }));
      Notify(t("match.ignored", { name: MatchName(match), bank: added.bank }), "done", { label: t("match.ignored_show"), run: () => { location.hash = "#/library"; } });
    } catch (error) {
      Notify(ErrorText(error), "error");
    }
  }
}
