// Everything that was ever inspected, decided or not; and whether a filed case is genuine.
import { h, Replace } from "../core/dom";
import { Get, Post } from "../core/api";
import type { Command } from "../core/keys";
import { CaseFile, Inspection, Page, PersonName } from "../core/model";
import { Address, Rewrite } from "../core/router";
import { t } from "../core/words";
import { FilterBar, FilterValues, ReadFilters, ToQuery } from "../review/filters";
import { ShowDialog } from "../ui/dialog";
import { PagedList } from "../ui/paged";
import { Button, Empty, ErrorText, ExactTime, Field } from "../ui/parts";
import { InspectionTable } from "./inspect";
import type { View } from "./view";

async function Sha256(file: File): Promise<string> {
  if (!crypto.subtle) throw new Error(t("verify.insecure"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function VerifyDialog(): void {
  const answer = h("div", { role: "status", "aria-live": "polite", class: "stack" });
  const hash = h("input", { type: "text", maxlength: "64", spellcheck: "false", autocomplete: "off", class: "hash" });
  const check = async () => {
    const sha256 = hash.value.trim().toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(sha256)) {
      Replace(answer, h("p", { class: "problem" }, t("verify.not_a_hash")));
      return;
    }
    try {
      const result = await Post<{ known: boolean; case_file: CaseFile | null }>("case-files/verify", { sha256 });
      Replace(answer, result.known && result.case_file
        ? h("p", { class: "callout" }, t("verify.known", { id: result.case_file.case_file_id, who: PersonName(result.case_file.by) }), " ", ExactTime(result.case_file.at), " ",
          h("a", { href: `#/case/${result.case_file.inspection_id}` }, t("verify.to_case")))
        : h("p", { class: "callout warn" }, t("verify.unknown")));
    } catch (error) {
      Replace(answer, h("p", { class: "problem" }, ErrorText(error)));
    }
  };
  const file = h("input", { type: "file", accept: ".html,text/html", on: { change: async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    try {
      hash.value = await Sha256(chosen);
      await check();
    } catch (error) {
      Replace(answer, h("p", { class: "problem" }, ErrorText(error)));
    }
  } } });
  void ShowDialog({ title: t("verify.title"), body: [h("p", null, t("verify.lead")), Field(t("verify.file"), file), Field(t("verify.hash"), hash),
    h("div", { class: "row" }, Button(t("verify.do"), () => void check())), answer] });
}

export class CasesView implements View {
  readonly title = "nav.cases" as const;
  readonly element: HTMLElement;
  private filters: FilterValues;
  private readonly bar: FilterBar;
  private readonly list: PagedList<Inspection>;

  constructor(address: Address) {
    this.filters = ReadFilters(address.query);
    this.list = new PagedList<Inspection>((cursor) => Get<Page<Inspection>>("inspections", { ...ToQuery(this.filters), cursor }),
      (items) => InspectionTable(t("nav.cases"), items),
      () => Empty(t("cases.none"), t("cases.none_hint"), h("a", { class: "button", href: "#/inspect" }, t("nav.inspect"))));
    this.bar = new FilterBar(this.filters, (values) => {
      this.filters = values;
      Rewrite(["cases"], { ...values });
      void this.list.Reload();
    }, t("filter.any_state"));
    this.element = h("div", { class: "stack" },
      h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, t("nav.cases")), Button(t("verify.title"), VerifyDialog), h("p", { class: "lead" }, t("cases.lead"))),
      this.bar.element, h("div", { class: "card" }, this.list.element));
    void this.list.Reload();
  }

  commands(): Command[] {
    return [{ key: "/", label: () => t("keys.search"), run: () => this.bar.search.focus() }];
  }
}
