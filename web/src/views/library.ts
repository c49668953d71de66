// Known pictures: finding them by words, dates or a picture, changing many at once, banks, and what later pictures
// found in older cases.
import { h, Replace } from "../core/dom";
import { Get, Post, PreviewUrl, Send, Url } from "../core/api";
import type { Command } from "../core/keys";
import { Bank, BankKind, LibraryAdded, LibraryPicture, Page, RetroactiveMatch, SearchResult } from "../core/model";
import { May } from "../core/session";
import { t } from "../core/words";
import { BankWords, MatchName } from "../evidence/copy_tab";
import { Bytes, Percent } from "../logic/format";
import { MakeBatches } from "../logic/upload";
import { NextDay } from "../logic/day";
import { Ask, ShowDialog } from "../ui/dialog";
import { DropZone, NamedFile } from "../ui/drop";
import { Notify, Say } from "../ui/live";
import { PagedList } from "../ui/paged";
import { BandChip, Busy, Button, Choice, Complain, DataTable, Empty, ErrorBox, ErrorText, ExactTime, Facts, Field, Hash, LeaveOnEscape, Load, Tabs, TimeOf } from "../ui/parts";
import { Thumb } from "../ui/pictures";
import type { View } from "./view";

const kLimits = { upload_bytes: 64 << 20, request_bytes: 200 << 20, pictures_per_request: 50 };

export class LibraryView implements View {
  readonly title = "nav.library" as const;
  readonly element: HTMLElement;
  private readonly filters: Record<string, string> = {};
  private readonly chosen = new Set<number>();
  private readonly bulk = h("div", { class: "bulk-bar", hidden: true });
  private readonly list: PagedList<LibraryPicture>;
  private readonly search: HTMLInputElement;
  private banks: Bank[] = [];
  private show: (key: string) => void = () => undefined;
  private timer = 0;

  constructor(tab: string) {
    this.search = h("input", { type: "search", maxlength: "200", placeholder: t("library.text_hint"), on: {
      input: () => { window.clearTimeout(this.timer); this.timer = window.setTimeout(() => this.Filter("text", this.search.value.trim()), 350); },
      keydown: (event) => LeaveOnEscape(event, this.search) } });
    this.list = new PagedList<LibraryPicture>((cursor) => Get<Page<LibraryPicture>>("library/pictures", { ...this.filters, to: this.filters.to ? NextDay(this.filters.to) : undefined, cursor, limit: 60 }),
      (items) => this.Grid(items), () => Empty(t("library.none"), t("library.none_hint")));
    const page = h("div");
    this.element = h("div", { class: "stack" }, h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, t("nav.library")), h("p", { class: "lead" }, t("library.lead"))), page);
    void Load(page, async () => {
      this.banks = (await Get<Page<Bank>>("library/banks", { limit: 200 })).items;
      return this.banks;
    }, () => {
      const tabs = Tabs(t("library.tabs"), [
        { key: "pictures", label: t("library.pictures"), draw: () => this.Pictures() },
        { key: "search", label: t("library.search"), draw: () => this.ByPicture() },
        ...(May("reviewer") ? [{ key: "add", label: t("library.add"), draw: () => this.Add() }] : []),
        { key: "banks", label: t("library.banks"), draw: () => this.Banks() },
        { key: "retroactive", label: t("library.retroactive"), draw: () => this.Retroactive() },
      ], tab || "pictures");
      this.show = tabs.show;
      return tabs.element;
    });
  }

  commands(): Command[] {
    return [{ key: "/", label: () => t("keys.search"), run: () => { if (!this.search.isConnected) this.show("pictures"); this.search.focus(); } }];
  }

  private Filter(name: string, value: string): void {
    if (value) this.filters[name] = value;
    else delete this.filters[name];
    this.chosen.clear();
    void this.list.Reload();
  }

  private BankOptions(first: string): (readonly [string, string])[] {
    return [["", first], ...this.banks.map((bank) => [bank.name, BankWords(bank.name, bank.kind)] as const)];
  }

  private Pictures(): HTMLElement {
    const input = (name: string, type: string) => h("input", { type, value: this.filters[name] ?? "", maxlength: "256", on: { change: (event) => this.Filter(name, (event.target as HTMLInputElement).value.trim()) } });
    void this.list.Reload();
    return h("div", { class: "stack" },
      h("section", { class: "filters", "aria-label": t("filter.title") }, h("div", { class: "field-grid" }, Field(t("filter.text"), this.search),
        Field(t("match.bank"), Choice(this.BankOptions(t("library.all_banks")), this.filters.bank ?? "", (value) => this.Filter("bank", value))),
        Field(t("match.label"), input("label", "text")), Field(t("filter.from"), input("from", "date")), Field(t("filter.to"), input("to", "date")))),
      this.bulk, this.list.element);
  }

  private Grid(items: LibraryPicture[]): HTMLElement {
    this.DrawBulk();
    return h("ul", { class: "picture-grid" }, items.map((picture) => {
      const name = picture.label || picture.file_name || t("match.hash_only", { id: picture.picture_id });
      const box = h("input", { type: "checkbox", checked: this.chosen.has(picture.picture_id), "aria-label": t("library.choose", { name }), on: {
        change: () => {
          if (box.checked) this.chosen.add(picture.picture_id);
          else this.chosen.delete(picture.picture_id);
          this.DrawBulk();
        } } });
      return h("li", { class: "picture-card" }, May("reviewer") ? box : null,
        h("button", { type: "button", class: "picture-open", on: { click: () => this.Details(picture) } },
          Thumb(picture.has_preview ? PreviewUrl(picture.picture_id) : null, name, "card-thumb"), h("span", { class: "name two-lines" }, name),
          h("span", { class: "soft small-text" }, BankWords(picture.bank, picture.bank_kind))));
    }));
  }

  private DrawBulk(): void {
    const n = this.chosen.size;
    this.bulk.hidden = !May("reviewer") || (n === 0 && this.list.items.length === 0);
    Replace(this.bulk, h("span", { role: "status" }, t("library.chosen", { n })),
      Button(t("library.choose_all"), () => { for (const one of this.list.items) this.chosen.add(one.picture_id); this.list.Redraw(); }, "small"),
      n > 0 ? [Button(t("library.choose_none"), () => { this.chosen.clear(); this.list.Redraw(); }, "small"),
        Button(t("library.set_texts"), () => void this.SetTexts(), "small"),
        May("administrator") ? Button(t("library.remove"), () => void this.Remove(), "small") : null] : null);
  }

  private Details(picture: LibraryPicture): void {
    void ShowDialog({ title: picture.label || picture.file_name || `#${picture.picture_id}`, wide: true, body: h("div", { class: "picture-details" },
      picture.has_preview ? h("img", { src: PreviewUrl(picture.picture_id), alt: picture.label || picture.file_name, class: "preview" }) : h("p", { class: "soft" }, t("picture.none")),
      Facts([[t("library.id"), `#${picture.picture_id}`], [t("match.bank"), BankWords(picture.bank, picture.bank_kind)], [t("match.label"), picture.label || "–"], [t("match.owner"), picture.owner || "–"],
        [t("match.source"), picture.source || "–"], [t("library.notes"), picture.notes || "–"], [t("library.file"), picture.path || picture.file_name || "–"],
        [t("file.size"), picture.width ? `${picture.width} × ${picture.height}, ${Bytes(picture.bytes)}` : "–"], [t("library.added"), ExactTime(picture.added_at)],
        [t("file.sha256"), picture.sha256 ? Hash(picture.sha256) : "–"], ["PDQ", h("span", null, h("code", { class: "hash" }, picture.pdq), ` (${t("library.quality", { n: picture.pdq_quality })})`)]])) });
  }

  private async SetTexts(): Promise<void> {
    const fields = (["label", "owner", "source", "notes"] as const).map((name) => ({
      name, use: h("input", { type: "checkbox", "aria-label": t("library.change", { name: t(name === "notes" ? "library.notes" : `match.${name}`) }) }), input: h("input", { type: "text", maxlength: name === "notes" ? "4000" : "256" }),
    }));
    for (const field of fields) field.input.addEventListener("input", () => { field.use.checked = true; });
    const accepted = await ShowDialog({
      title: t("library.set_title", { n: this.chosen.size }), confirm: t("common.save"),
      body: [h("p", { class: "soft small-text" }, t("library.set_hint")), fields.map((field) => h("div", { class: "row nowrap end" }, field.use,
        h("div", { class: "grow" }, Field(t(field.name === "notes" ? "library.notes" : `match.${field.name}`), field.input))))],
      accept: async () => {
        const used = fields.filter((field) => field.use.checked);
        if (used.length === 0) return t("library.set_nothing");
        const result = await Post<{ changed: number; missing: number[] }>("library/pictures/update", { picture_ids: [...this.chosen], ...Object.fromEntries(used.map((field) => [field.name, field.input.value.trim()])) });
        Notify(t("library.changed", { n: result.changed }));
        return undefined;
      },
    });
    if (accepted) {
      this.chosen.clear();
      void this.list.Reload();
    }
  }

  private async Remove(): Promise<void> {
    const ids = [...this.chosen];
    if (!(await Ask(t("library.remove_title", { n: ids.length }), t("library.remove_warning"), t("library.remove"), true))) return;
    try {
      const result = await Post<{ changed: number }>("library/pictures/remove", { picture_ids: ids });
      Notify(t("library.removed", { n: result.changed }));
      this.chosen.clear();
      void this.list.Reload();
    } catch (error) {
      Complain(error);
    }
  }

  private ByPicture(): HTMLElement {
    const answer = h("div", { "aria-live": "polite" });
    let shown = "";
    const take = async (files: NamedFile[]) => {
      const file = files[0];
      if (!file) return;
      Replace(answer, Busy());
      if (shown) URL.revokeObjectURL(shown);
      shown = URL.createObjectURL(file.file);
      try {
        const { value } = await Send<SearchResult>("search", { files: [file] });
        const all = [...value.matches, ...value.silenced];
        Say(t("library.found", { n: value.matches.length }));
        Replace(answer, h("section", { class: "card stack" }, h("div", { class: "row nowrap" }, Thumb(shown, file.name, "large"), h("div", { class: "stack tight" }, h("p", { class: "name" }, file.name), BandChip(value.band),
          h("p", null, value.matches.length ? t("library.found", { n: value.matches.length }) : t("match.nothing", { n: value.library_pictures })))),
        all.length ? DataTable(t("library.search"), [
          { label: t("library.picture"), cell: (match: (typeof all)[0]) => h("div", { class: "row nowrap" }, Thumb(PreviewUrl(match.picture_id), MatchName(match)), h("span", { class: "name" }, MatchName(match))) },
          { label: t("match.bank"), cell: (match) => BankWords(match.bank, match.bank_kind) + (value.silenced.includes(match) ? ` – ${t("library.silenced")}` : "") },
          { label: t("evidence.band"), cell: (match) => BandChip(match.band), class: "tight" },
          { label: t("match.similarity"), cell: (match) => match.similarity.toFixed(2), class: "num" },
          { label: t("match.pdq"), cell: (match) => (match.pdq_distance < 256 ? String(match.pdq_distance) : "–"), class: "num" },
          { label: t("match.covers"), cell: (match) => (match.regions[0] ? Percent(match.regions[0].query_share) : "–"), class: "num" },
        ], all) : null));
      } catch (error) {
        Replace(answer, ErrorBox(error, () => void take(files)));
      }
    };
    return h("div", { class: "stack" }, h("div", { class: "card" }, DropZone(t("library.search_drop"), t("library.search_hint"), (files) => void take(files), { many: false })), answer);
  }

  private Add(): HTMLElement {
    const bank = Choice(this.banks.map((one) => [one.name, BankWords(one.name, one.kind)] as const), this.banks.find((one) => one.kind === "deny")?.name ?? "");
    const text = { label: h("input", { type: "text", maxlength: "256" }), owner: h("input", { type: "text", maxlength: "256" }), source: h("input", { type: "text", maxlength: "256" }), notes: h("input", { type: "text", maxlength: "4000" }) };
    const answer = h("div", { "aria-live": "polite", class: "stack" });
    const take = async (files: NamedFile[]) => {
      if (files.length === 0) return Notify(t("drop.none"), "error");
      const { batches, too_large } = MakeBatches(files, kLimits);
      for (const file of too_large) Notify(t("inspect.too_large", { name: file.name, bytes: Bytes(kLimits.upload_bytes) }), "error");
      const bar = h("progress", { max: "1", value: 0, "aria-label": t("library.adding") });
      Replace(answer, h("p", null, t("library.adding")), bar);
      const total = { added: 0, known: 0, failures: [] as LibraryAdded["failures"] };
      try {
        for (const [index, batch] of batches.entries()) {
          const fields = { bank: bank.value, ...Object.fromEntries(Object.entries(text).map(([name, input]) => [name, input.value.trim()])) };
          const { value } = await Send<LibraryAdded>("library/pictures", { files: batch, fields, progress: (share) => { bar.value = (index + share) / batches.length; } });
          total.added += value.added;
          total.known += value.already_known;
          total.failures.push(...value.failures);
        }
        Replace(answer, h("p", { class: "callout" }, t("library.added_words", { added: total.added, known: total.known })),
          total.failures.map((one) => h("p", { class: "problem" }, h("strong", null, one.file_name), `: ${one.detail}`)));
      } catch (error) {
        Replace(answer, h("p", { class: "problem" }, ErrorText(error)));
      }
    };
    return h("div", { class: "card stack" }, h("p", { class: "soft" }, t("library.add_lead")),
      h("div", { class: "field-grid" }, Field(t("match.bank"), bank), Field(t("match.label"), text.label), Field(t("match.owner"), text.owner), Field(t("match.source"), text.source), Field(t("library.notes"), text.notes)),
      DropZone(t("library.add_drop"), t("library.add_hint"), (files) => void take(files), { folder: true }), answer);
  }

  private Banks(): HTMLElement {
    const make = async () => {
      const name = h("input", { type: "text", maxlength: "64", required: true });
      const kind = Choice((["deny", "allow", "ignore"] as const).map((one) => [one, t(`bank_kind_long.${one}`)] as const), "deny");
      const accepted = await ShowDialog({ title: t("library.make_bank"), body: [Field(t("library.bank_name"), name), Field(t("library.bank_kind"), kind)], confirm: t("library.make"), accept: async () => {
        if (name.value.trim() === "") return t("library.bank_needed");
        await Post<Bank>("library/banks", { name: name.value.trim(), kind: kind.value as BankKind });
        return undefined;
      } });
      if (!accepted) return;
      this.banks = (await Get<Page<Bank>>("library/banks", { limit: 200 })).items;
      this.show("banks");
    };
    return h("div", { class: "card stack" }, DataTable(t("library.banks"), [
      { label: t("library.bank_name"), cell: (bank: Bank) => h("span", { class: "name" }, bank.name) },
      { label: t("library.bank_kind"), cell: (bank) => t(`bank_kind_long.${bank.kind}`) },
      { label: t("library.pictures"), cell: (bank) => String(bank.pictures), class: "num" },
      { label: t("common.actions"), class: "tight", cell: (bank) => h("div", { class: "row" }, Button(t("library.open_bank"), () => { this.filters.bank = bank.name; this.show("pictures"); }, "small"),
        May("reviewer") ? h("a", { class: "button small", href: Url("library/export", { bank: bank.name }), download: `${bank.name}.csv` }, t("library.export")) : null) },
    ], this.banks), May("administrator") ? h("div", { class: "row" }, Button(t("library.make_bank"), () => void make().catch(Complain), "primary")) : null);
  }

  private Retroactive(): HTMLElement {
    const list: PagedList<RetroactiveMatch> = new PagedList<RetroactiveMatch>((cursor) => Get<Page<RetroactiveMatch>>("library/retroactive", { cursor, seen: only.checked ? false : undefined }),
      (items) => h("div", { class: "stack" }, May("reviewer") && items.some((one) => !one.seen) ? h("div", { class: "row" }, Button(t("retroactive.all_seen"), () => void seen(items.filter((one) => !one.seen).map((one) => one.retroactive_id)), "small")) : null,
        DataTable(t("library.retroactive"), [
          { label: t("retroactive.case"), cell: (match: RetroactiveMatch) => h("a", { href: `#/case/${match.inspection_id}`, class: "name" }, match.file_name || `#${match.inspection_id}`) },
          { label: t("retroactive.known"), cell: (match) => h("div", { class: "row nowrap" }, Thumb(PreviewUrl(match.picture_id), match.label), h("span", null, match.label || `#${match.picture_id}`, h("br"), h("span", { class: "soft small-text" }, match.bank))) },
          { label: t("match.pdq"), cell: (match) => String(match.pdq_distance), class: "num" },
          { label: t("retroactive.at"), cell: (match) => TimeOf(match.at), class: "tight" },
          { label: t("retroactive.state"), cell: (match) => (match.seen ? h("span", { class: "soft" }, t("retroactive.seen")) : h("span", { class: "chip moderate" }, t("retroactive.new"))), class: "tight" },
        ], items)), () => Empty(t("retroactive.none"), t("retroactive.none_hint")));
    const only = h("input", { type: "checkbox", checked: true, on: { change: () => void list.Reload() } });
    const seen = async (ids: number[]) => {
      try {
        await Post("library/retroactive/seen", { retroactive_ids: ids });
        void list.Reload();
      } catch (error) {
        Complain(error);
      }
    };
    void list.Reload();
    return h("div", { class: "card stack" }, h("p", { class: "soft" }, t("retroactive.lead")), h("label", { class: "check" }, only, t("retroactive.only_new")), list.element);
  }
}
