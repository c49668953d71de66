// One picture with outlines over it, in the picture's own pixels, that can be enlarged and moved by mouse, touch and keys.
import { h, Replace, s, UniqueId } from "../core/dom";
import { t } from "../core/words";
import { Point, PointsAttribute } from "../logic/geometry";
import { Clamp, Frame, kWhole, MoveBy, View, ViewBox, ZoomAt, ZoomTo } from "../logic/zoom";

export interface Outline {
  points: readonly Point[];
  kind: "region" | "changed" | "box";
  label?: string;
}

export interface PaneOptions {
  url: string | null;
  width: number;
  height: number;
  title: string;
  caption?: string;
  /** Width : height of the pane, so that panes side by side are alike; the picture's own when missing. */
  aspect?: number;
  outlines?: readonly Outline[];
  /** What a screen reader hears of the outlines. */
  describe?: string;
}

export class Pane {
  readonly element: HTMLElement;
  private readonly svg: SVGSVGElement;
  private readonly marks: SVGGElement;
  private readonly frame: Frame;
  private view: View = kWhole;

  constructor(private readonly options: PaneOptions) {
    this.frame = { width: Math.max(1, options.width), height: Math.max(1, options.height) };
    const hatch = UniqueId("hatch");
    this.marks = s("g", { class: "marks" });
    this.svg = s("svg", { class: "pane-picture", preserveAspectRatio: "xMidYMid meet", role: "img", "aria-label": `${options.title}. ${options.describe ?? ""}` },
      s("defs", null, s("pattern", { id: hatch, width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: `scale(${this.Unit()}) rotate(45)` },
        s("line", { x1: 0, y1: 0, x2: 0, y2: 8, class: "hatch-line" }))),
      options.url ? s("image", { href: options.url, width: this.frame.width, height: this.frame.height, preserveAspectRatio: "none" })
        : s("text", { x: this.frame.width / 2, y: this.frame.height / 2, class: "pane-empty", "text-anchor": "middle", "font-size": this.frame.width / 18 }, t("picture.none")),
      this.marks);
    this.DrawMarks(hatch);
    this.svg.style.aspectRatio = String(Math.min(2.2, Math.max(0.6, options.aspect ?? this.frame.width / this.frame.height)));
    const tool = (icon: string, label: string, run: () => void) =>
      h("button", { type: "button", class: "icon-only small", "aria-label": `${label} – ${options.title}`, title: label, on: { click: run } }, icon);
    const surface = h("div", {
      class: "pane-surface", tabindex: "0", role: "group", "aria-label": t("pane.moves", { name: options.title }),
      on: { keydown: (event) => this.OnKey(event), wheel: (event) => this.OnWheel(event) },
    }, this.svg);
    this.Drag(surface);
    this.element = h("figure", { class: "pane" },
      h("figcaption", null, h("span", { class: "grow" }, h("strong", null, options.title), options.caption ? h("span", { class: "soft" }, ` ${options.caption}`) : null),
        h("span", { class: "pane-tools" },
          tool("−", t("pane.smaller"), () => this.Zoom(1 / 1.5)),
          tool("+", t("pane.larger"), () => this.Zoom(1.5)),
          h("button", { type: "button", class: "small", on: { click: () => this.Show(kWhole) } }, t("pane.whole")))),
      surface);
    this.Show(kWhole);
  }

  ShowMarks(on: boolean): void {
    this.marks.classList.toggle("hidden-marks", !on);
  }

  /** Enlarges so that these points fill most of the pane. */
  ZoomToPoints(points: readonly Point[]): void {
    this.Show(ZoomTo(this.frame, points));
  }

  private Unit(): number {
    return Math.max(this.frame.width, this.frame.height) / 600;
  }

  private DrawMarks(hatch: string): void {
    const size = this.Unit() * 15;
    Replace(this.marks, (this.options.outlines ?? []).map((outline) => {
      const points = PointsAttribute(outline.points);
      const corner = outline.points.reduce((a, b) => (b[0] + b[1] < a[0] + a[1] ? b : a));
      const label = outline.label ? s("g", null,
        s("rect", { x: corner[0], y: corner[1], width: size * 1.3, height: size * 1.3, class: `mark-tag ${outline.kind}` }),
        s("text", { x: corner[0] + size * 0.65, y: corner[1] + size, "font-size": size, "text-anchor": "middle", class: "mark-number" }, outline.label)) : null;
      return s("g", null, s("polygon", { points, class: "mark-halo" }),
        s("polygon", { points, class: `mark ${outline.kind}`, ...(outline.kind === "changed" ? { fill: `url(#${hatch})` } : {}) }), label);
    }));
  }

  private Show(view: View): void {
    this.view = Clamp(view);
    this.svg.setAttribute("viewBox", ViewBox(this.frame, this.view));
  }

  private Zoom(factor: number): void {
    this.Show(ZoomAt(this.view, factor, this.view.x, this.view.y));
  }

  private OnKey(event: KeyboardEvent): void {
    const step = 0.12 / this.view.zoom;
    const moves: Record<string, () => void> = {
      "+": () => this.Zoom(1.5), "=": () => this.Zoom(1.5), "-": () => this.Zoom(1 / 1.5), "0": () => this.Show(kWhole),
      ArrowLeft: () => this.Show(MoveBy(this.view, -step, 0)), ArrowRight: () => this.Show(MoveBy(this.view, step, 0)),
      ArrowUp: () => this.Show(MoveBy(this.view, 0, -step)), ArrowDown: () => this.Show(MoveBy(this.view, 0, step)),
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey || (event.key.startsWith("Arrow") && this.view.zoom === 1)) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }

  private OnWheel(event: WheelEvent): void {
    if (!event.ctrlKey) return; // plain wheels scroll the page; pinching comes as Ctrl + wheel
    event.preventDefault();
    this.Zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }

  private Drag(surface: HTMLElement): void {
    let last: { x: number; y: number } | null = null;
    surface.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.view.zoom <= 1) return;
      last = { x: event.clientX, y: event.clientY };
      surface.setPointerCapture(event.pointerId);
    });
    surface.addEventListener("pointermove", (event) => {
      if (!last) return;
      const box = this.svg.getBoundingClientRect();
      const scale = Math.min(box.width / this.frame.width, box.height / this.frame.height) * this.view.zoom;
      this.Show(MoveBy(this.view, -(event.clientX - last.x) / (scale * this.frame.width), -(event.clientY - last.y) / (scale * this.frame.height)));
      last = { x: event.clientX, y: event.clientY };
    });
    const stop = () => { last = null; };
    surface.addEventListener("pointerup", stop);
    surface.addEventListener("pointercancel", stop);
  }
}

/** The words that go with the outlines, so that colour is never alone. */
export function MarkLegend(changed: boolean): HTMLElement {
  return h("p", { class: "mark-legend small-text soft" },
    h("span", null, h("span", { class: "swatch region", "aria-hidden": "true" }), t("compare.legend_region")),
    changed ? h("span", null, h("span", { class: "swatch changed", "aria-hidden": "true" }), t("compare.legend_changed")) : null);
}

