// Sending pictures: drop, upload with progress, the jobs and what came of them.
import { h, Replace } from "../core/dom";
import { ApiError, ArtifactUrl, Get, Post, Send } from "../core/api";
import { Inspection, InspectionDetail, Job, JobItem, Page, SystemState } from "../core/model";
import { May } from "../core/session";
import { Named, t } from "../core/words";
import { Bytes } from "../logic/format";
import { Batches, MakeBatches } from "../logic/upload";
import { DropZone, NamedFile } from "../ui/drop";
import { Notify, Say } from "../ui/live";
import { BandChip, Button, Complain, DataTable, Empty, ErrorText, Field, Load, StateChip, TimeOf } from "../ui/parts";
import { Thumb } from "../ui/pictures";
import type { View } from "./view";

const kPollMilliseconds = 1000;

export class InspectView implements View {
  readonly title = "nav.inspect" as const;
  readonly element: HTMLElement;
  private readonly uploads = h("div", { class: "stack" });
  private readonly job_list = h("div");
  private readonly result_box = h("div");
  private readonly labels = h("input", { type: "text", maxlength: "400" });
  private limits: SystemState["limits"] = { upload_bytes: 64 << 20, request_bytes: 256 << 20, pixels: 0, sync_bytes: 0, pictures_per_request: 100 };
  private timer = 0;
  private closed = false;
  private watched: number | null = null;
  private results = new Map<number, Inspection>();
  private running: AbortController[] = [];
  private last_counts = "";

  constructor(job_id: number | null) {
    this.watched = job_id;
    const hint = h("span", null, t("inspect.hint"));
    void Get<SystemState>("system").then((system) => {
      this.limits = system.limits;
      Replace(hint, t("inspect.hint_limits", { bytes: Bytes(system.limits.upload_bytes), megapixels: Math.round(system.limits.pixels / 1e6) }));
    }).catch(() => undefined);
    this.element = h("div", { class: "stack wide-gap" },
      h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, t("nav.inspect")), h("p", { class: "lead" }, t("inspect.lead"))),
      May("reviewer") ? h("div", { class: "card stack" }, DropZone(t("inspect.drop"), hint, (files) => void this.Take(files), { folder: true }),
        h("div", { class: "field-grid" }, Field(t("inspect.labels"), this.labels, t("labels.hint"))), this.uploads)
        : h("p", { class: "callout" }, t("inspect.viewer")),
      this.result_box,
      h("section", { class: "card" }, h("div", { class: "card-head" }, h("h2", null, t("jobs.title")), Button(t("common.refresh"), () => void this.Jobs(), "small")), this.job_list));
    void this.Jobs();
    if (job_id) void this.Poll();
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    for (const upload of this.running) upload.abort();
  }

  private async Take(files: NamedFile[]): Promise<void> {
    if (files.length === 0) {
      Notify(t("drop.none"), "error");
      return;
    }
    const { batches, too_large }: Batches<NamedFile> = MakeBatches(files, this.limits);
    for (const file of too_large) Notify(t("inspect.too_large", { name: file.name, bytes: Bytes(this.limits.upload_bytes) }), "error");
    const total = batches.reduce((sum, batch) => sum + batch.length, 0);
    if (total === 0) return;
    const bar = h("progress", { max: "1", value: 0, "aria-label": t("inspect.uploading", { n: total }) });
    const words = h("span", { class: "grow" }, t("inspect.uploading", { n: total }));
    const abort = new AbortController();
    this.running.push(abort);
    const row = h("div", { class: "upload" }, h("div", { class: "row" }, words, Button(t("common.cancel"), () => abort.abort(), "small")), bar);
    this.uploads.append(row);
    const all_bytes = batches.flat().reduce((sum, file) => sum + file.size, 0) || 1;
    let sent = 0;
    Say(t("inspect.uploading", { n: total }));
    try {
      for (const batch of batches) {
        const bytes = batch.reduce((sum, file) => sum + file.size, 0);
        await this.SendBatch(batch, abort.signal, total > 1, (share) => {
          bar.value = (sent + bytes * share) / all_bytes;
          if (share >= 1) words.textContent = t("inspect.waiting");
        });
        sent += bytes;
      }
      row.remove();
      if (!this.closed) void this.Jobs();
    } catch (error) {
      row.remove();
      if (error instanceof DOMException) Notify(t("inspect.cancelled"));
      else Notify(ErrorText(error), "error");
    } finally {
      this.running = this.running.filter((one) => one !== abort);
    }
  }

  private async SendBatch(batch: NamedFile[], signal: AbortSignal, queued: boolean, progress: (share: number) => void): Promise<void> {
    for (let attempt = 0; ; ++attempt) {
      try {
        const answer = await Send<Job | InspectionDetail>("inspections", {
          files: batch, fields: { labels: this.labels.value.trim(), mode: queued ? "job" : "auto" }, progress, signal,
        });
        if (this.closed) return;
        if ("inspection" in answer.value) {
          const { inspection } = answer.value;
          this.watched = null;
          this.ShowResults(t("inspect.result"), [inspection], []);
          Say(t("inspect.said", { name: inspection.file_name, band: Named("band", inspection.band) }));
        } else {
          this.watched = answer.value.job_id;
          void this.Poll();
        }
        return;
      } catch (error) {
        // A full queue is not the user's fault: the batch waits and goes again.
        if (!(error instanceof ApiError) || (error.code !== "queue_full" && error.code !== "rate_limited") || attempt >= 20) throw error;
        const wait = Math.min(30, Math.max(1, error.retry_after)) * 1000;
        await new Promise((resolve) => window.setTimeout(resolve, wait));
        if (signal.aborted) throw new DOMException("aborted", "AbortError");
      }
    }
  }

  private async Jobs(): Promise<void> {
    await Load(this.job_list, () => Get<Page<Job>>("jobs", { limit: 12 }), (page) => page.items.length === 0
      ? Empty(t("jobs.none"), t("jobs.none_hint"))
      : DataTable(t("jobs.title"), [
        { label: t("jobs.id"), cell: (job: Job) => h("a", { href: `#/inspect/${job.job_id}` }, `#${job.job_id}`), class: "tight" },
        { label: t("jobs.kind"), cell: (job) => `${Named("job_kind", job.kind)} (${Named("source", job.source)})` },
        { label: t("jobs.state"), cell: (job) => StateChip("job_state", job.state), class: "tight" },
        { label: t("jobs.pictures"), cell: (job) => t("jobs.progress", { done: job.done, total: job.total }) + (job.failed ? ` ${t("jobs.failed", { n: job.failed })}` : ""), class: "num" },
        { label: t("jobs.by"), cell: (job) => job.created_by.display_name || job.created_by.name },
        { label: t("jobs.at"), cell: (job) => TimeOf(job.created_at), class: "tight" },
        { label: t("common.actions"), class: "tight", cell: (job) => ((job.state === "queued" || job.state === "running") && May("reviewer") ? Button(t("jobs.cancel"), () => void this.Cancel(job.job_id), "small") : null) },
      ], page.items));
  }

  private async Cancel(job_id: number): Promise<void> {
    try {
      await Post<Job>(`jobs/${job_id}/cancel`);
      Notify(t("jobs.cancelled"));
    } catch (error) {
      Complain(error);
    }
    void this.Jobs();
  }

  private async Poll(): Promise<void> {
    window.clearTimeout(this.timer);
    const job_id = this.watched;
    if (job_id === null || this.closed) return;
    try {
      const job = await Get<Job>(`jobs/${job_id}`);
      const items = job.items ?? [];
      const done = items.filter((item) => item.inspection_id !== null);
      if (done.some((item) => !this.results.has(item.inspection_id as number))) {
        let cursor: string | undefined;
        do {
          const page: Page<Inspection> = await Get<Page<Inspection>>("inspections", { job: job_id, limit: 200, cursor });
          for (const one of page.items) this.results.set(one.inspection_id, one);
          // What the list does not hold (a re-run belongs to its first job) is read alone.
          cursor = page.next ?? undefined;
        } while (cursor);
        for (const item of done) {
          const id = item.inspection_id as number;
          if (!this.results.has(id)) this.results.set(id, (await Get<InspectionDetail>(`inspections/${id}`)).inspection);
        }
      }
      if (this.closed || this.watched !== job_id) return;
      const shown = done.map((item) => this.results.get(item.inspection_id as number)).filter((one): one is Inspection => one !== undefined);
      this.ShowResults(t("inspect.job", { id: job_id }), shown, items.filter((item) => item.inspection_id === null), job);
      const counts = `${job.done + job.failed}/${job.total}`;
      if (counts !== this.last_counts && (job.state === "done" || job.state === "failed")) Say(t("inspect.job_said", { done: job.done, failed: job.failed }));
      this.last_counts = counts;
      if (job.state === "queued" || job.state === "running") this.timer = window.setTimeout(() => void this.Poll(), kPollMilliseconds);
      else void this.Jobs();
    } catch (error) {
      if (!this.closed) Replace(this.result_box, h("p", { class: "problem" }, ErrorText(error)));
    }
  }

  private ShowResults(title: string, inspections: readonly Inspection[], rest: readonly JobItem[], job?: Job): void {
    const ended = job ? job.done + job.failed + job.cancelled : 0;
    Replace(this.result_box, h("section", { class: "card stack" },
      h("div", { class: "card-head" }, h("h2", null, title), job ? StateChip("job_state", job.state) : null,
        h("span", { class: "grow" }), h("a", { class: "button small", href: "#/queue" }, t("inspect.to_queue"))),
      job && (job.state === "queued" || job.state === "running") ? h("div", null,
        h("progress", { max: String(Math.max(1, job.total)), value: ended, "aria-label": t("jobs.progress", { done: ended, total: job.total }) }),
        h("p", { class: "soft small-text" }, t("jobs.progress", { done: ended, total: job.total }), job.ahead > 0 ? ` · ${t("jobs.ahead", { n: job.ahead })}` : "")) : null,
      inspections.length > 0 ? InspectionTable(title, inspections) : null,
      rest.some((item) => item.error) ? h("ul", { class: "stack tight", "aria-label": t("inspect.failures") }, rest.filter((item) => item.error).map((item) =>
        h("li", { class: "problem" }, h("strong", null, item.file_name), `: ${Named("problem_short", item.error?.code ?? "")}. ${item.error?.detail ?? ""}`))) : null));
  }
}

/** Inspected pictures as every list shows them. */
export function InspectionTable(caption: string, inspections: readonly Inspection[]): HTMLElement {
  const band = (one: Inspection, key: string) => (one.bands[key] ? BandChip(one.bands[key]) : h("span", { class: "soft" }, t("case.not_run")));
  return DataTable(caption, [
    { label: t("cases.picture"), cell: (one: Inspection) => h("div", { class: "row nowrap" }, Thumb(one.erased ? null : ArtifactUrl(one.inspection_id, "preview"), one.file_name),
      h("div", null, h("a", { href: `#/case/${one.inspection_id}`, class: "name" }, one.file_name || t("case.unnamed")),
        h("div", { class: "soft small-text" }, `${one.width} × ${one.height} · ${Bytes(one.bytes)} · `, TimeOf(one.created_at)),
        one.labels.length ? h("div", { class: "row tight" }, one.labels.map((label) => h("span", { class: "chip label" }, label))) : null)) },
    { label: t("check_name.copy"), cell: (one) => h("div", { class: "stack tight" }, band(one, "copy"), one.top_match ? h("span", { class: "soft small-text" }, one.top_match.label || `#${one.top_match.picture_id}`) : null) },
    { label: t("check_name.authenticity"), cell: (one) => band(one, "authenticity"), class: "tight" },
    { label: t("check_name.metadata"), cell: (one) => band(one, "metadata"), class: "tight" },
    { label: t("cases.state"), cell: (one) => h("div", { class: "stack tight" }, StateChip("state", one.state),
      one.changed_since_decision ? h("span", { class: "small-text" }, t("case.changed")) : null, one.retroactive > 0 ? h("span", { class: "small-text" }, t("queue.retroactive")) : null), class: "tight" },
  ], inspections);
}
