// How real does it look: five measures against references. Information, never a verdict.
import { h } from "../core/dom";
import { Named, t } from "../core/words";
import { Significant } from "../logic/format";
import { DataTable } from "../ui/parts";
import { CheckHead, Grounds, Limits, Missing } from "./check_parts";
import { kMeasures, RealismCheck } from "./model";
import { Radar } from "./radar";

const Rank = (value: number | null | undefined) => (value === null || value === undefined ? "–" : value.toFixed(1));

export function RealismTab(check: RealismCheck | undefined): HTMLElement {
  if (!check) return Missing("realism");
  if (check.error) return h("div", { class: "stack" }, CheckHead("realism", check));
  const first = Named("reference", check.reference);
  const second = check.second ? Named("reference", check.second.reference) : "";
  type Row = { name: string; value: string; first: string; second: string };
  const rows: Row[] = kMeasures.map((key) => ({
    name: Named("measure", key), value: Significant(check.measures?.[key]), first: Rank(check.percentiles?.[key]), second: Rank(check.second?.percentiles?.[key]),
  }));
  rows.push({ name: t("realism.irs"), value: Significant(check.irs), first: Rank(check.irs_percentile), second: Rank(check.second?.irs_percentile) });
  rows.push({ name: t("realism.robust"), value: Significant(check.robust), first: Rank(check.robust_percentile), second: Rank(check.second?.robust_percentile) });
  return h("div", { class: "stack wide-gap" }, CheckHead("realism", check),
    h("div", { class: "realism-layout" },
      h("figure", null, Radar(check.percentiles, check.second?.percentiles ?? null, first),
        h("figcaption", { class: "small-text soft" }, h("span", null, h("span", { class: "swatch solid", "aria-hidden": "true" }), t("realism.in_reference", { name: first })),
          second ? h("span", null, h("span", { class: "swatch dashed", "aria-hidden": "true" }), t("realism.in_reference", { name: second })) : null,
          h("span", null, h("span", { class: "swatch usual", "aria-hidden": "true" }), t("realism.usual")))),
      DataTable(t("realism.table"), [
        { label: t("realism.measure"), cell: (row: Row) => row.name },
        { label: t("realism.value"), cell: (row) => row.value, class: "num" },
        { label: t("realism.percentile", { name: first }), cell: (row) => row.first, class: "num" },
        ...(second ? [{ label: t("realism.percentile", { name: second }), cell: (row: Row) => row.second, class: "num" }] : []),
      ], rows)),
    h("div", { class: "two-columns" }, Grounds(check), Limits(check)));
}
