// Is it a copy of a known picture: the matches, the comparison, the false alarm's way into an ignore bank.
import { h, Replace } from "../core/dom";
import { Get, PreviewUrl } from "../core/api";
import type { LibraryPicture } from "../core/model";
import { Named, t } from "../core/words";
import { BaseName, Percent } from "../logic/format";
import { BandChip, Busy, Button, Complain, DataTable, ErrorBox, Facts } from "../ui/parts";
import { Thumb } from "../ui/pictures";
import { CheckHead, Grounds, Limits, Missing } from "./check_parts";
import { CompareStage } from "./compare";
import type { CopyCheck, InspectJson, Match } from "./model";

export interface CopyTabContext {
  result: InspectJson;
  picture_url: string | null;
  /** Puts the case's picture into an ignore bank; null when the role does not allow it. */
  ignore: ((match: Match) => void) | null;
  stage_changed: (stage: CompareStage | null) => void;
}

/** "deny", or "Catalogue (deny)": the kind is told where the name does not. */
export function BankWords(name: string, kind: string): string {
  const word = Named("bank_kind", kind);
  return name.toLowerCase() === word.toLowerCase() ? name : `${name} (${word})`;
}

export function MatchName(match: Match): string {
  return match.label || BaseName(match.path) || t("match.hash_only", { id: match.picture_id });
}

function MatchFacts(match: Match): HTMLElement {
  const region = match.regions[0];
  const turned = region ? [region.mirrored ? t("match.mirrored") : "", region.inverted ? t("match.inverted") : ""].filter((word) => word).join(t("common.comma")) : "";
  return Facts([
    [t("match.bank"), BankWords(match.bank, match.bank_kind)],
    match.label ? [t("match.label"), match.label] : null,
    match.owner ? [t("match.owner"), match.owner] : null,
    match.source ? [t("match.source"), match.source] : null,
    [t("match.similarity"), h("span", null, match.similarity.toFixed(2), " ", h("span", { class: "soft small-text" }, t("match.similarity_note")))],
    [t("match.pdq"), match.pdq_distance < 256 ? t("match.pdq_bits", { n: match.pdq_distance }) : t("match.pdq_none")],
    region ? [t("match.pairs"), t("match.pairs_of", { n: match.inliers, share: Percent(region.agreeing_share) })] : [t("match.pairs"), t("match.hash_alone")],
    region ? [t("match.covers"), t("match.covers_of", { query: Percent(region.query_share), known: Percent(region.known_share) })] : null,
    turned ? [t("match.turned"), turned] : null,
    region && region.changed_share > 0 ? [t("match.changed"), t("match.changed_of", { share: Percent(region.changed_share) })] : null,
    match.descriptor && match.descriptor.probability !== null && match.descriptor.probability !== undefined
      ? [t("match.descriptor"), t("match.descriptor_of", { share: Percent(match.descriptor.probability) })] : null,
    match.identical_file ? [t("match.identical"), t("match.identical_yes")] : null,
  ]);
}

function MatchList(matches: readonly Match[], chosen: number, choose: (index: number) => void): HTMLElement {
  return h("ul", { class: "match-list", "aria-label": t("match.list") }, matches.map((match, index) => h("li", null,
    h("button", { type: "button", class: "match", "aria-pressed": String(index === chosen), on: { click: () => choose(index) } },
      Thumb(PreviewUrl(match.picture_id), MatchName(match)),
      h("span", { class: "match-words" }, h("span", { class: "name" }, MatchName(match)),
        h("span", { class: "row" }, BandChip(match.band), h("span", { class: "soft small-text" }, `${match.bank} · ${t("match.similarity_short", { value: match.similarity.toFixed(2) })}`)))))));
}

function Rates(): HTMLElement {
  return h("details", { class: "rates" }, h("summary", null, t("rates.copy_title")),
    DataTable(t("rates.copy_title"), [
      { label: t("rates.data"), cell: (row: string[]) => row[0] },
      { label: t("rates.easy"), cell: (row) => row[1], class: "num" },
      { label: t("rates.medium"), cell: (row) => row[2], class: "num" },
      { label: t("rates.hard"), cell: (row) => row[3], class: "num" },
      { label: t("rates.strangers"), cell: (row) => row[4], class: "num" },
      { label: t("rates.lookalikes"), cell: (row) => row[5], class: "num" },
    ], [
      // docs/copy-detection.md, "The trial".
      [t("rates.photos"), "100%", "99.6%", "98.3%", "0.7%", "2.2%"],
      [t("rates.drawings"), "86.7%", "78.3%", "69.2%", "24.0%", "28.3%"],
    ]), h("p", { class: "soft small-text" }, t("rates.copy_note")));
}

export function CopyTab(context: CopyTabContext): HTMLElement {
  const check: CopyCheck | undefined = context.result.checks?.copy;
  if (!check) return Missing("copy");
  if (check.error) return h("div", { class: "stack" }, CheckHead("copy", check));
  const stage_box = h("div", { class: "stage-box" });
  const list_box = h("div");
  const facts_box = h("div");
  const all = [...(check.matches ?? []), ...(check.silenced ?? [])];
  let stage: CompareStage | null = null;

  const choose = async (index: number) => {
    stage?.Close();
    stage = null;
    context.stage_changed(null);
    const match = all[index];
    Replace(list_box, all.length > 1 ? MatchList(all, index, (next) => void choose(next)) : null);
    const silenced = index >= (check.matches ?? []).length;
    Replace(facts_box, h("div", { class: "card-head" }, h("h4", null, MatchName(match)), BandChip(match.band)),
      silenced ? h("p", { class: "callout" }, t("match.silenced")) : null, MatchFacts(match),
      !silenced && context.ignore ? h("div", { class: "row" }, Button(t("match.ignore"), () => context.ignore?.(match), "small", "dismiss"),
        h("span", { class: "hint" }, t("match.ignore_hint"))) : null);
    Replace(stage_box, Busy());
    let known: LibraryPicture | null = null;
    try {
      known = await Get<LibraryPicture>(`library/pictures/${match.picture_id}`);
    } catch (error) {
      // The picture may have been removed since: the outlines of the inspected one still stand.
      if (!stage_box.isConnected) return;
      Replace(stage_box, ErrorBox(error));
    }
    if (index !== all.indexOf(match)) return;
    stage = new CompareStage(match, {
      query: { url: context.picture_url, width: context.result.file.width, height: context.result.file.height, name: BaseName(context.result.file.path) },
      known: { url: known?.has_preview ? PreviewUrl(match.picture_id) : null, width: known?.width || 480, height: known?.height || 360, name: MatchName(match) },
    });
    context.stage_changed(stage);
    if (known) Replace(stage_box, stage.element);
    else stage_box.append(stage.element);
  };
  const element = h("div", { class: "stack wide-gap" }, CheckHead("copy", check),
    all.length > 0 ? h("div", { class: "copy-layout" }, stage_box, h("div", { class: "stack" }, list_box, facts_box))
      : h("p", { class: "callout" }, t("match.nothing", { n: check.library_pictures })),
    check.missing_descriptors > 0 ? h("p", { class: "callout warn" }, t("match.missing_descriptors", { n: check.missing_descriptors })) : null,
    h("div", { class: "two-columns" }, Grounds(check), Limits(check)), Rates());
  if (all.length > 0) void choose(0).catch(Complain);
  return element;
}
