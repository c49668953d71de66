// Was it made or changed by AI: declarations, two calibrated probabilities with their rates of error, heat map, traces.
import { h } from "../core/dom";
import { Named, t } from "../core/words";
import { Percent, Significant } from "../logic/format";
import { BandChip, DataTable } from "../ui/parts";
import { CheckHead, Grounds, Limits, Missing } from "./check_parts";
import { HeatSources, HeatStage, RegionRows } from "./heat";
import { AuthenticityCheck, MapIsReadable, PixelAnswer, Trace } from "./model";

function Scale(answer: PixelAnswer): HTMLElement {
  const fill = h("span", { class: "answer-dot" });
  const hold = h("span", { class: "answer-hold" });
  fill.style.left = `${answer.probability * 100}%`;
  hold.style.left = `${answer.inconclusive_from * 100}%`;
  hold.style.width = `${Math.max(0, answer.inconclusive_to - answer.inconclusive_from) * 100}%`;
  return h("div", { class: "answer-scale", "aria-hidden": "true" }, hold, fill);
}

function Answer(name: "ai_made" | "edited", answer: PixelAnswer, measured_on: string | undefined): HTMLElement {
  const rate = answer.measured;
  return h("section", { class: "answer card" },
    h("div", { class: "card-head" }, h("h4", null, t(`pixels.${name}`)), BandChip(answer.band)),
    h("p", null, t("pixels.probability", { share: Percent(answer.probability) })), Scale(answer),
    h("p", { class: "soft small-text" }, t("pixels.thresholds", {
      from: Percent(answer.inconclusive_from), to: Percent(answer.inconclusive_to),
    })),
    rate ? h("p", { class: "small-text" }, t("pixels.false_alarms", {
      share: Percent(rate.false_alarms), from: Percent(rate.false_alarms_from), to: Percent(rate.false_alarms_to), n: rate.authentic, error: rate.calibration_error.toFixed(3),
    })) : null,
    measured_on ? h("p", { class: "soft small-text" }, t("pixels.measured_on", { data: measured_on })) : null);
}

function Traces(traces: readonly Trace[]): HTMLElement {
  return h("section", { class: "stack" }, h("h4", null, t("traces.title")), h("p", { class: "soft small-text" }, t("traces.note")),
    DataTable(t("traces.title"), [
      { label: t("traces.kind"), cell: (trace: Trace) => Named("trace", trace.kind) },
      { label: t("traces.score"), cell: (trace) => (trace.applicable ? Significant(trace.score) : h("span", { class: "soft" }, trace.reason || t("traces.not_taken"))), class: "num" },
      { label: t("traces.photo"), cell: (trace) => (trace.false_alarm_rate ? Percent(trace.false_alarm_rate.photo) : "–"), class: "num" },
      { label: t("traces.drawn"), cell: (trace) => (trace.false_alarm_rate ? Percent(trace.false_alarm_rate.drawn) : "–"), class: "num" },
      { label: t("traces.regions"), cell: (trace) => String(trace.regions?.length ?? 0), class: "num" },
    ], traces));
}

export function PixelTab(check: AuthenticityCheck | undefined, sources: HeatSources): HTMLElement {
  if (!check) return Missing("authenticity");
  if (check.error) return h("div", { class: "stack" }, CheckHead("authenticity", check));
  const readable = MapIsReadable(check);
  const rows = RegionRows(check);
  return h("div", { class: "stack wide-gap" }, CheckHead("authenticity", check),
    check.softness?.too_soft ? h("p", { class: "callout warn" }, t("pixels.too_soft", { value: check.softness.value.toFixed(1), limit: check.softness.limit.toFixed(1) })) : null,
    check.declarations?.length ? DataTable(t("pixels.declarations"), [
      { label: t("pixels.declared"), cell: (row: (typeof check.declarations)[0]) => Named("declaration", row.kind) },
      { label: t("pixels.source"), cell: (row) => row.source },
      { label: t("pixels.value"), cell: (row) => row.value },
    ], check.declarations) : null,
    check.pixel_analysis && check.ai_made && check.edited
      ? h("div", { class: "two-columns" }, Answer("ai_made", check.ai_made, check.measured_on), Answer("edited", check.edited, check.measured_on))
      : h("p", { class: "callout" }, t("pixels.not_analysed")),
    sources.map && check.pixel_analysis ? h("section", { class: "stack" }, h("h4", null, t("heat.title")), HeatStage(sources, check, readable),
      readable && rows.length ? DataTable(t("heat.regions"), [
        { label: "#", cell: (row: string[]) => row[0] }, { label: t("heat.at"), cell: (row) => row[1] }, { label: t("heat.size"), cell: (row) => row[2] },
        { label: t("heat.share"), cell: (row) => row[3], class: "num" }, { label: t("heat.mean"), cell: (row) => row[4], class: "num" },
        { label: t("heat.mean_confidence"), cell: (row) => row[5], class: "num" },
      ], rows) : null) : null,
    h("div", { class: "two-columns" }, Grounds(check), Limits(check)),
    check.traces?.length ? Traces(check.traces) : null,
    check.detector ? h("p", { class: "soft small-text" }, t("pixels.detector", { name: check.detector })) : null);
}
