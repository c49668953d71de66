// A list that grows page by page.
import { Child, h, Replace } from "../core/dom";
import type { Page } from "../core/model";
import { t } from "../core/words";
import { Busy, Button, ErrorBox } from "./parts";

export class PagedList<T> {
  readonly element = h("div", { class: "stack" });
  items: T[] = [];
  private next: string | null = null;
  private generation = 0;

  constructor(private readonly fetch: (cursor: string | undefined) => Promise<Page<T>>, private readonly draw: (items: T[]) => Child, private readonly empty: () => Child) {}

  async Reload(): Promise<void> {
    const generation = ++this.generation;
    if (this.items.length === 0) Replace(this.element, Busy());
    await this.Fetch(undefined, generation);
  }

  private async Fetch(cursor: string | undefined, generation: number): Promise<void> {
    this.element.setAttribute("aria-busy", "true");
    try {
      const page = await this.fetch(cursor);
      if (generation !== this.generation) return;
      this.items = cursor ? [...this.items, ...page.items] : page.items;
      this.next = page.next;
      this.Redraw();
    } catch (error) {
      if (generation !== this.generation) return;
      Replace(this.element, ErrorBox(error, () => void this.Reload()));
    } finally {
      if (generation === this.generation) this.element.removeAttribute("aria-busy");
    }
  }

  Redraw(): void {
    Replace(this.element, this.items.length === 0 ? this.empty() : this.draw(this.items),
      this.next ? h("div", { class: "row" }, Button(t("common.more"), () => void this.Fetch(this.next ?? undefined, this.generation))) : null);
  }
}
