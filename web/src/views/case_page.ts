// A case on its own page, for links from elsewhere.
import { h } from "../core/dom";
import { Post } from "../core/api";
import type { Command } from "../core/keys";
import { BulkResult, Verdict } from "../core/model";
import { May, Me } from "../core/session";
import { t } from "../core/words";
import { WhyNot } from "../logic/review";
import { AskAssignee, AskNote, AskReason, Decide, LoadReviewSettings, Settings, Undo } from "../review/actions";
import { CaseView } from "../review/case_view";
import { Notify, Say } from "../ui/live";
import { Complain } from "../ui/parts";
import type { View } from "./view";

export class CasePage implements View {
  readonly title = "case.label" as const;
  readonly element: HTMLElement;
  private readonly view: CaseView;

  constructor(private readonly id: number) {
    this.view = new CaseView({
      decide: (verdict) => void this.Decide(verdict), undo: () => void this.Run(() => Undo([this.id])), note: () => void this.Note(),
      assign: () => void this.Assign(), changed: () => undefined,
    });
    this.element = h("div", { class: "case-page" }, h("h1", { class: "unseen", tabindex: "-1" }, t("case.label")), h("p", { class: "row no-print" }, h("a", { href: "#/cases" }, t("nav.cases"))), this.view.element);
    void LoadReviewSettings().catch(() => undefined).then(() => this.view.Show(id)).then(() => this.MarkSeen());
  }

  commands(): Command[] {
    return this.view.Commands();
  }

  close(): void {
    this.view.Clear();
  }

  /** Whoever opened the case has seen what later pictures found in it. */
  private async MarkSeen(): Promise<void> {
    const ids = (this.view.detail?.retroactive ?? []).filter((one) => !one.seen).map((one) => one.retroactive_id);
    if (ids.length > 0 && May("reviewer")) await Post("library/retroactive/seen", { retroactive_ids: ids }).catch(() => undefined);
  }

  private async Decide(verdict: Verdict): Promise<void> {
    const detail = this.view.detail;
    if (!detail) return;
    const obstacle = WhyNot(detail.inspection, detail.decisions, Me()?.user.user_id ?? 0);
    if (obstacle) {
      Notify(t(`decide.cannot_${obstacle}`), "error");
      return;
    }
    let reason = this.view.Reason();
    if (Settings().reason_required && reason === "") {
      const asked = await AskReason(verdict, 1);
      if (asked === null) return;
      reason = asked;
    }
    await this.Run(() => Decide([this.id], verdict, reason, this.view.About()));
  }

  private async Run(call: () => Promise<BulkResult>): Promise<void> {
    try {
      const result = await call();
      if (result.failures.length > 0) Notify(result.failures[0].detail, "error");
      await this.view.Show(this.id, false);
      if (result.items.length > 0) Say(t("case.saved"));
    } catch (error) {
      Complain(error);
    }
  }

  private async Note(): Promise<void> {
    if (await AskNote(this.id)) await this.view.Show(this.id, false);
  }

  private async Assign(): Promise<void> {
    try {
      if (await AskAssignee([this.id])) await this.view.Show(this.id, false);
    } catch (error) {
      Complain(error);
    }
  }
}
