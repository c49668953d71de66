// What the file says about its own origin. All of it is stated and nothing verified.
import { Child, h } from "../core/dom";
import { Named, t } from "../core/words";
import { DataTable, Facts } from "../ui/parts";
import { CheckHead, Grounds, Limits, Missing } from "./check_parts";
import type { MetadataCheck, NamedValue } from "./model";

function Values(title: string, rows: readonly NamedValue[]): HTMLElement | null {
  if (rows.length === 0) return null;
  return h("details", { class: "values", open: rows.length <= 24 }, h("summary", null, `${title} (${rows.length})`),
    DataTable(title, [
      { label: t("metadata.name"), cell: (row: NamedValue) => row.name, class: "value-name" },
      { label: t("metadata.value"), cell: (row) => h("span", { class: "value" }, row.value) },
    ], rows));
}

function Plain(value: unknown): Child {
  if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one))).join(", ") || "–";
  if (typeof value === "boolean") return t(value ? "common.yes" : "common.no");
  return value === null || value === undefined || value === "" ? "–" : String(value);
}

export function MetadataTab(check: MetadataCheck | undefined): HTMLElement {
  if (!check) return Missing("metadata");
  if (check.error) return h("div", { class: "stack" }, CheckHead("metadata", check));
  const nothing = !check.exif?.length && !check.xmp?.length && !check.iptc?.length && !check.generators?.length && !check.c2pa && !check.record;
  return h("div", { class: "stack wide-gap" }, CheckHead("metadata", check),
    h("div", { class: "two-columns" }, Grounds(check), Limits(check)),
    Facts([
      [t("metadata.camera"), t(check.has_camera ? "metadata.camera_yes" : "metadata.camera_no")],
      [t("metadata.source_type"), check.digital_source_type || t("metadata.not_stated")],
      check.jpeg ? [t("metadata.jpeg"), t("metadata.jpeg_of", { quality: check.jpeg.estimated_quality, encoder: check.jpeg.encoder_family || "–", subsampling: check.jpeg.subsampling || "–" })] : null,
      check.thumbnail ? [t("metadata.thumbnail"), t(check.thumbnail.contradicts ? "metadata.thumbnail_differs" : "metadata.thumbnail_fits",
        { size: `${check.thumbnail.width} × ${check.thumbnail.height}` })] : null,
    ]),
    nothing ? h("p", { class: "callout" }, t("metadata.nothing")) : null,
    (check.generators ?? []).map((one) => Values(t("metadata.generator", { name: one.generator, place: one.location }), one.fields)),
    check.record ? h("section", { class: "stack" }, h("h4", null, t("metadata.record")),
      h("p", null, `${check.record.file}: ${Named("agreement", check.record.agreement)}`), Values(t("metadata.record_fields"), check.record.fields)) : null,
    check.c2pa ? h("section", { class: "stack" }, h("h4", null, "C2PA"), h("p", { class: "callout warn" }, t("metadata.c2pa_unchecked")),
      Facts(Object.entries(check.c2pa).map(([name, value]) => [Named("c2pa", name), Plain(value)] as const))) : null,
    Values("EXIF", check.exif ?? []), Values("XMP", check.xmp ?? []), Values("IPTC", check.iptc ?? []),
    check.problems?.length ? h("section", null, h("h4", null, t("metadata.problems")), h("ul", { class: "bullets" }, check.problems.map((one) => h("li", null, one)))) : null);
}
