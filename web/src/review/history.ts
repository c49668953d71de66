// Everything that happened to a case, and the files that can be shown to others.
import { h } from "../core/dom";
import { ArtifactUrl, Get, Post, Url } from "../core/api";
import { CaseFile, InspectionDetail, Page, PersonName } from "../core/model";
import { May } from "../core/session";
import { CurrentLanguage, Named, t } from "../core/words";
import { Bytes } from "../logic/format";
import { Notify } from "../ui/live";
import { BandChip, Button, Complain, ExactTime, Facts, Hash, Load } from "../ui/parts";

interface Moment {
  at: string;
  who: string;
  what: Node;
}

function Timeline(detail: InspectionDetail): HTMLElement {
  const moments: Moment[] = [
    ...detail.runs.map((run): Moment => ({ at: run.at, who: "",
      what: h("span", null, t("history.run", { n: run.run, version: run.tool_version, pictures: run.library_pictures }), " ", BandChip(run.band)) })),
    ...detail.decisions.map((one): Moment => ({ at: one.at, who: PersonName(one.by), what: h("div", null,
      h("strong", { class: one.undone ? "undone" : "" }, one.kind === "undo" ? t("history.undo", { verdict: Named("verdict", one.verdict) }) : Named("verdict", one.verdict)),
      one.undone ? h("span", { class: "soft" }, ` ${t("history.undone")}`) : null,
      one.about.length ? h("span", { class: "soft" }, ` ${t("history.about", { checks: one.about.map((key) => Named("check_name", key)).join(t("common.comma")) })}`) : null,
      one.reason ? h("p", { class: "quote" }, one.reason) : null) })),
    ...detail.notes.map((note): Moment => ({ at: note.at, who: PersonName(note.by), what: h("div", null, h("strong", null, t("history.note")), h("p", { class: "quote" }, note.text)) })),
    ...detail.retroactive.map((match): Moment => ({ at: match.at, who: "", what: h("span", null, t("history.retroactive", { name: match.label || `#${match.picture_id}`, bits: match.pdq_distance })) })),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return h("ol", { class: "timeline" }, moments.map((moment) => h("li", null,
    h("div", { class: "small-text soft" }, ExactTime(moment.at), moment.who ? ` · ${moment.who}` : ""), moment.what)));
}

export function HistoryTab(detail: InspectionDetail): HTMLElement {
  const { inspection, artifacts } = detail;
  const id = inspection.inspection_id;
  const has = (name: string) => artifacts.some((one) => one.name === name);
  const files = h("div");
  const draw = () => Load(files, () => Get<Page<CaseFile>>(`inspections/${id}/case-files`), (page) => page.items.length === 0
    ? h("p", { class: "soft" }, t("casefile.none"))
    : h("ul", { class: "stack" }, page.items.map((file) => h("li", { class: "file-row" },
      h("div", { class: "row" }, h("a", { href: Url(`case-files/${file.case_file_id}`), target: "_blank", rel: "noopener" }, t("casefile.open", { id: file.case_file_id, language: t(`language.${file.language === "ja" ? "ja" : "en"}`) })),
        h("span", { class: "soft small-text" }, ExactTime(file.at), ` · ${PersonName(file.by)} · ${Bytes(file.bytes)}`)), Hash(file.sha256)))));
  void draw();
  const make = async () => {
    try {
      await Post<CaseFile>(`inspections/${id}/case-files`, { language: CurrentLanguage() });
      Notify(t("casefile.made"));
      await draw();
    } catch (error) {
      Complain(error);
    }
  };
  const report = (language: "en" | "ja") => has(`report-${language}`)
    ? h("a", { class: "button", href: ArtifactUrl(id, `report-${language}`), target: "_blank", rel: "noopener" }, t("report.open", { language: t(`language.${language}`) })) : null;
  return h("div", { class: "stack wide-gap" },
    h("div", { class: "two-columns" },
      h("section", { class: "stack" }, h("h3", null, t("history.title")), Timeline(detail)),
      h("section", { class: "stack" },
        h("h3", null, t("report.title")), h("p", { class: "soft small-text" }, t("report.note")), h("div", { class: "row" }, report("ja"), report("en"),
          has("original") ? h("a", { class: "button", href: ArtifactUrl(id, "original"), download: true }, t("report.original")) : null),
        h("h3", null, t("casefile.title")), h("p", { class: "soft small-text" }, t("casefile.note")),
        May("reviewer") ? h("div", { class: "row" }, Button(t("casefile.make"), () => void make(), "primary")) : null, files,
        h("h3", null, t("history.file")),
        Facts([
          [t("file.sha256"), Hash(inspection.sha256)],
          [t("file.size"), `${inspection.width} × ${inspection.height}, ${Bytes(inspection.bytes)}, ${inspection.format}`],
          [t("file.sent"), h("span", null, ExactTime(inspection.created_at), ` · ${PersonName(inspection.created_by)} · ${Named("source", inspection.source)}`)],
          detail.result.file?.warning ? [t("file.warning"), detail.result.file.warning] : null,
        ]))));
}

