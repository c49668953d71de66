// What a threshold would bring, from cases that people decided, before anything is saved.
import { h, Replace, s } from "../core/dom";
import { Get, Put } from "../core/api";
import { CurvePoint, PersonName, ScoreName, ThresholdCurve, ThresholdProfile } from "../core/model";
import { May } from "../core/session";
import { t } from "../core/words";
import { AxisTop, PointAt, Steps, Wilson } from "../logic/curve";
import { Percent } from "../logic/format";
import { Notify } from "../ui/live";
import { Button, Complain, DataTable, Empty, ExactTime, Load } from "../ui/parts";
import type { View } from "./view";

const kScores: readonly ScoreName[] = ["copy", "ai_made", "edited"];
const kLeft = 46, kWidth = 640, kTop = 14, kUpper = 170, kGap = 40, kLower = 110;
const kBottom = kTop + kUpper + kGap + kLower;

/** Fewer decided cases than this say little. */
const kFew = 30;

export class ThresholdsView implements View {
  readonly title = "nav.thresholds" as const;
  readonly element: HTMLElement;
  private readonly body = h("div");
  private readonly profile_box = h("div");
  private readonly buttons: HTMLButtonElement[];
  private profile: ThresholdProfile | null = null;

  constructor() {
    this.buttons = kScores.map((score) => h("button", { type: "button", "aria-pressed": "false", on: { click: () => this.Choose(score) } }, t(`score.${score}`)));
    this.element = h("div", { class: "stack wide-gap" },
      h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, t("nav.thresholds")), h("p", { class: "lead" }, t("thresholds.lead"))),
      h("section", { class: "card stack" }, h("h2", null, t("thresholds.saved")), this.profile_box),
      h("section", { class: "card stack" }, h("div", { class: "segments", role: "group", "aria-label": t("thresholds.score") }, this.buttons), this.body));
    void this.LoadProfile().then(() => this.Choose("copy"));
  }

  private async LoadProfile(): Promise<void> {
    await Load(this.profile_box, () => Get<ThresholdProfile>("thresholds/profile"), (profile) => {
      this.profile = profile;
      return h("div", { class: "stack tight" }, DataTable(t("thresholds.saved"), [
        { label: t("thresholds.score"), cell: (score: ScoreName) => t(`score.${score}`) },
        { label: t("thresholds.threshold"), cell: (score) => (profile[score] === null ? h("span", { class: "soft" }, t("thresholds.not_set")) : (profile[score] as number).toFixed(3)), class: "num" },
        { label: t("common.actions"), class: "tight", cell: (score) => (profile[score] !== null && May("administrator")
          ? Button(t("thresholds.clear"), () => void this.Save(score, null), "small") : null) },
      ], kScores), profile.saved_at ? h("p", { class: "soft small-text" }, t("thresholds.saved_by", { who: PersonName(profile.saved_by) }), " ", ExactTime(profile.saved_at)) : null,
      h("p", { class: "soft small-text" }, t("thresholds.effect")));
    });
  }

  private Choose(score: ScoreName): void {
    kScores.forEach((one, index) => this.buttons[index].setAttribute("aria-pressed", String(one === score)));
    Replace(this.body);
    void Load(this.body, () => Get<ThresholdCurve>("thresholds", { score }), (curve) => this.DrawCurve(curve));
  }

  private async Save(score: ScoreName, value: number | null): Promise<void> {
    if (!this.profile) return;
    const { copy, ai_made, edited } = this.profile;
    try {
      await Put<ThresholdProfile>("thresholds/profile", { copy, ai_made, edited, [score]: value });
      Notify(t("thresholds.done"));
      await this.LoadProfile();
    } catch (error) {
      Complain(error);
    }
  }

  private DrawCurve(curve: ThresholdCurve): HTMLElement {
    if (curve.points.length === 0)
      return Empty(t("thresholds.none"), t("thresholds.none_hint"), h("a", { class: "button primary", href: "#/queue" }, t("nav.queue")));
    const decided = curve.confirmed + curve.dismissed;
    const slider = h("input", { type: "range", min: "0", max: "1", step: "0.001", "aria-label": t("thresholds.slider"), class: "threshold-slider" });
    const exact = h("input", { type: "number", min: "0", max: "1", step: "0.001", "aria-label": t("thresholds.threshold") });
    const line = s("line", { y1: kTop, y2: kBottom, class: "chart-cursor" });
    const words = h("div", { class: "threshold-words", "aria-live": "polite" });
    const save = May("administrator") ? Button(t("thresholds.save"), () => void this.Save(curve.score, Number(slider.value)), "primary") : null;
    const set = (value: number) => {
      const at = Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0));
      slider.value = String(at);
      slider.setAttribute("aria-valuetext", at.toFixed(3));
      if (document.activeElement !== exact) exact.value = at.toFixed(3);
      const x = String(kLeft + at * kWidth);
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      Replace(words, this.Words(PointAt(curve.points, at), curve, at));
    };
    slider.addEventListener("input", () => set(Number(slider.value)));
    exact.addEventListener("input", () => set(Number(exact.value)));
    const element = h("div", { class: "stack" },
      h("p", null, t("thresholds.base", { confirmed: curve.confirmed, dismissed: curve.dismissed, inspected: curve.inspected })),
      decided < kFew ? h("p", { class: "callout warn" }, t("thresholds.few", { n: decided })) : null,
      h("div", { class: "threshold-layout" },
        h("div", { class: "stack tight" }, this.Chart(curve, line), slider),
        h("div", { class: "stack" }, h("label", { class: "row" }, t("thresholds.threshold"), exact), words,
          save ? h("div", { class: "row" }, save) : h("p", { class: "soft small-text" }, t("thresholds.admin")))),
      h("details", null, h("summary", null, t("thresholds.table")), this.Table(curve)), h("p", { class: "soft small-text" }, t("thresholds.limits")));
    set(this.profile?.[curve.score] ?? this.Middle(curve));
    return element;
  }

  private Middle(curve: ThresholdCurve): number {
    return curve.points[Math.floor(curve.points.length / 2)].threshold;
  }

  private Words(point: CurvePoint | null, curve: ThresholdCurve, at: number): HTMLElement {
    if (!point) return h("p", null, t("thresholds.nothing_above", { at: at.toFixed(3) }));
    const precise = Wilson(point.confirmed, point.confirmed + point.dismissed);
    const found = Wilson(point.confirmed, curve.confirmed);
    const range = (interval: { low: number; high: number } | null) => (interval ? t("thresholds.interval", { from: Percent(interval.low), to: Percent(interval.high) }) : "");
    return h("dl", { class: "big-numbers" },
      h("div", null, h("dt", null, t("thresholds.precision")), h("dd", null, h("strong", null, point.precision === null ? "–" : Percent(point.precision)), h("span", { class: "soft small-text" }, range(precise)),
        h("span", { class: "small-text" }, t("thresholds.precision_words", { right: point.confirmed, all: point.confirmed + point.dismissed })))),
      h("div", null, h("dt", null, t("thresholds.recall")), h("dd", null, h("strong", null, point.recall === null ? "–" : Percent(point.recall)), h("span", { class: "soft small-text" }, range(found)),
        h("span", { class: "small-text" }, t("thresholds.recall_words", { found: point.confirmed, all: curve.confirmed })))),
      h("div", null, h("dt", null, t("thresholds.workload")), h("dd", null, h("strong", null, point.per_1000.toFixed(point.per_1000 < 10 ? 1 : 0)),
        h("span", { class: "small-text" }, t("thresholds.workload_words")))));
  }

  private Chart(curve: ThresholdCurve, cursor: SVGLineElement): SVGSVGElement {
    const x = (value: number) => kLeft + value * kWidth;
    const upper = (share: number) => kTop + (1 - share) * kUpper;
    const top = AxisTop(Math.max(...curve.points.map((point) => point.per_1000)));
    const lower = (count: number) => kBottom - (count / top) * kLower;
    const lines = (value: (point: CurvePoint) => number | null, y: (value: number) => number, name: string) =>
      Steps(curve.points, value).map((run) => s("polyline", { class: `chart-line ${name}`, points: run.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ") }));
    const grid = (y: number, label: string) => [s("line", { x1: kLeft, x2: kLeft + kWidth, y1: y, y2: y, class: "chart-grid" }),
      s("text", { x: kLeft - 6, y: y + 4, class: "chart-tick", "text-anchor": "end" }, label)];
    const saved = this.profile?.[curve.score];
    return s("svg", { class: "chart", viewBox: `0 0 ${kLeft + kWidth + 12} ${kBottom + 24}`, role: "img", "aria-label": t("thresholds.chart_label", { name: t(`score.${curve.score}`) }) },
      [0, 0.5, 1].map((share) => grid(upper(share), Percent(share))), [0, top / 2, top].map((count) => grid(lower(count), String(count))),
      [0, 0.25, 0.5, 0.75, 1].map((value) => s("text", { x: x(value), y: kBottom + 18, class: "chart-tick", "text-anchor": "middle" }, value.toFixed(2))),
      lines((point) => point.precision, upper, "precision"), lines((point) => point.recall, upper, "recall"), lines((point) => point.per_1000, lower, "workload"),
      s("text", { x: kLeft + kWidth, y: kTop + kUpper + 18, class: "chart-name", "text-anchor": "end" },
        s("tspan", { class: "precision" }, `━ ${t("thresholds.precision")}  `), s("tspan", { class: "recall" }, `┅ ${t("thresholds.recall")}`)),
      s("text", { x: kLeft + kWidth, y: kBottom - kLower - 6, class: "chart-name", "text-anchor": "end" }, t("thresholds.workload_axis")),
      saved !== null && saved !== undefined ? s("g", null, s("line", { x1: x(saved), x2: x(saved), y1: kTop, y2: kBottom, class: "chart-saved" }),
        s("text", { x: x(saved) + 4, y: kTop + 10, class: "chart-tick" }, t("thresholds.saved_mark"))) : null, cursor);
  }

  private Table(curve: ThresholdCurve): HTMLElement {
    const step = Math.max(1, Math.ceil(curve.points.length / 25));
    return DataTable(t("thresholds.table"), [
      { label: t("thresholds.threshold"), cell: (point: CurvePoint) => point.threshold.toFixed(3), class: "num" },
      { label: t("thresholds.precision"), cell: (point) => (point.precision === null ? "–" : Percent(point.precision)), class: "num" },
      { label: t("thresholds.recall"), cell: (point) => (point.recall === null ? "–" : Percent(point.recall)), class: "num" },
      { label: t("thresholds.workload"), cell: (point) => point.per_1000.toFixed(1), class: "num" },
      { label: t("state.confirmed"), cell: (point) => String(point.confirmed), class: "num" },
      { label: t("state.dismissed"), cell: (point) => String(point.dismissed), class: "num" },
    ], curve.points.filter((_, index) => index % step === 0 || index === curve.points.length - 1));
  }
}

