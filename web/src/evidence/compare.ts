// The inspected picture against a known one: side by side with outlines, or laid over each other for swiping, blinking and
// looking at the difference.
import { h, Replace } from "../core/dom";
import { MovesLittle } from "../core/preferences";
import { t } from "../core/words";
import { ClipPath, OverlayTransform } from "../logic/geometry";
import { Percent } from "../logic/format";
import { IconOf } from "../ui/icons";
import type { Match, Region } from "./model";
import { MarkLegend, Outline, Pane } from "./pane";

export interface Sides {
  query: { url: string | null; width: number; height: number; name: string };
  known: { url: string | null; width: number; height: number; name: string };
}

export const kModes = ["side", "swipe", "blink", "difference"] as const;
export type Mode = (typeof kModes)[number];

const kBlinkMilliseconds = 800;

function Outlines(match: Match, side: "query_region" | "known_region"): Outline[] {
  return match.regions.flatMap((region, index) => {
    const label = match.regions.length > 1 ? String(index + 1) : undefined;
    const changed: Outline[] = side === "query_region" ? region.changed.map((points) => ({ points, kind: "changed" })) : [];
    return region[side].length > 2 ? [{ points: region[side], kind: "region", label } as Outline, ...changed] : changed;
  });
}

export class CompareStage {
  readonly element: HTMLElement;
  private readonly body = h("div", { class: "compare-body" });
  private readonly mode_buttons: HTMLButtonElement[];
  private readonly marks_button: HTMLButtonElement;
  private mode: Mode = "side";
  private marks = true;
  private region_index = 0;
  private panes: Pane[] = [];
  private timer = 0;
  private watcher: ResizeObserver | null = null;
  private play_button: HTMLButtonElement | null = null;

  constructor(private readonly match: Match, private readonly sides: Sides) {
    const overlay = match.regions.length > 0 && sides.known.url !== null && sides.query.url !== null;
    this.mode_buttons = kModes.map((mode) => h("button", {
      type: "button", "aria-pressed": "false", disabled: mode !== "side" && !overlay, on: { click: () => this.SetMode(mode) },
    }, t(`compare.${mode}`)));
    this.marks_button = h("button", { type: "button", class: "small", "aria-pressed": "true", on: { click: () => this.ToggleMarks() } },
      t("compare.marks"), h("kbd", null, "o"));
    const choose = match.regions.length > 1 ? h("label", { class: "row small-text" }, t("compare.region"),
      h("select", { on: { change: (event) => this.SetRegion(Number((event.target as HTMLSelectElement).value)) } },
        match.regions.map((region, index) => h("option", { value: index }, `${index + 1} (${Percent(region.query_share)})`)))) : null;
    const closer = match.regions.length > 0 ? h("button", { type: "button", class: "small", on: { click: () => this.ZoomToRegion() } }, t("compare.to_region")) : null;
    this.element = h("section", { class: "compare", "aria-label": t("compare.title") },
      h("div", { class: "row compare-bar" },
        h("div", { class: "segments", role: "group", "aria-label": t("compare.mode") }, this.mode_buttons),
        h("kbd", { title: t("keys.mode") }, "v"), this.marks_button, choose, closer),
      this.body, overlay || match.regions.length > 0 ? null : h("p", { class: "soft small-text" }, t("compare.no_region")));
    this.SetMode("side");
  }

  NextMode(): void {
    const usable = kModes.filter((_, index) => !this.mode_buttons[index].disabled);
    this.SetMode(usable[(usable.indexOf(this.mode) + 1) % usable.length]);
  }

  ToggleMarks(): void {
    this.marks = !this.marks;
    this.marks_button.setAttribute("aria-pressed", String(this.marks));
    for (const pane of this.panes) pane.ShowMarks(this.marks);
  }

  /** Starts or stops blinking; enters it first. */
  Blink(): void {
    if (this.mode !== "blink") {
      if (!this.mode_buttons[kModes.indexOf("blink")].disabled) this.SetMode("blink");
    } else {
      this.play_button?.click();
    }
  }

  Close(): void {
    window.clearInterval(this.timer);
    this.watcher?.disconnect();
  }

  private Region(): Region {
    return this.match.regions[Math.min(this.region_index, this.match.regions.length - 1)];
  }

  private SetRegion(index: number): void {
    this.region_index = index;
    if (this.mode === "side") this.ZoomToRegion();
    else this.SetMode(this.mode);
  }

  private ZoomToRegion(): void {
    if (this.mode !== "side") this.SetMode("side");
    const region = this.Region();
    this.panes[0]?.ZoomToPoints(region.query_region);
    this.panes[1]?.ZoomToPoints(region.known_region);
  }

  private SetMode(mode: Mode): void {
    this.Close();
    this.mode = mode;
    kModes.forEach((one, index) => this.mode_buttons[index].setAttribute("aria-pressed", String(one === mode)));
    this.marks_button.disabled = mode !== "side";
    this.panes = [];
    if (mode === "side") this.DrawSides();
    else this.DrawOverlay(mode);
  }

  private DrawSides(): void {
    const { query, known } = this.sides;
    const changed = this.match.regions.some((region) => region.changed.length > 0);
    const describe = this.match.regions.length > 0 ? t("compare.outlined", { n: this.match.regions.length }) : "";
    const aspect = Math.min(query.width / query.height, known.width / known.height);
    this.panes = [
      new Pane({ ...query, aspect, title: t("compare.query"), caption: query.name, outlines: Outlines(this.match, "query_region"), describe }),
      new Pane({ ...known, aspect, title: t("compare.known"), caption: known.name, outlines: Outlines(this.match, "known_region"), describe }),
    ];
    for (const pane of this.panes) pane.ShowMarks(this.marks);
    Replace(this.body, h("div", { class: "sides" }, this.panes.map((pane) => pane.element)),
      this.match.regions.length > 0 ? MarkLegend(changed) : null);
  }

  private DrawOverlay(mode: Mode): void {
    const { query, known } = this.sides;
    const region = this.Region();
    const below = h("img", { src: query.url, alt: t("compare.query_of", { name: query.name }), class: "layer", draggable: "false" });
    const above = h("img", { src: known.url, alt: t("compare.known_of", { name: known.name }), class: "layer-known", draggable: "false" });
    const clip = h("div", { class: "layer-clip" }, above);
    const over = h("div", { class: `layer-over ${mode === "difference" ? "difference" : ""}` }, clip);
    const handle = h("div", { class: "swipe-line", "aria-hidden": "true" });
    const frame = h("div", { class: "overlay-frame" }, below, over, mode === "swipe" ? handle : null);
    const place = () => {
      const room = this.body.clientWidth;
      const scale = Math.min(room / query.width, Math.max(240, window.innerHeight * 0.62) / query.height);
      frame.style.width = `${query.width * scale}px`;
      frame.style.height = `${query.height * scale}px`;
      const own = above.naturalWidth || known.width;
      above.style.width = `${own}px`;
      above.style.height = `${(own * known.height) / known.width}px`;
      above.style.transform = OverlayTransform(region.homography, scale, own / known.width) ?? "none";
      clip.style.clipPath = ClipPath(region.query_region, scale);
    };
    above.addEventListener("load", place);
    this.watcher = new ResizeObserver(place);
    this.watcher.observe(this.body);
    Replace(this.body, h("div", { class: "overlay" }, frame, this.Controls(mode, frame, over, handle)));
    place();
  }

  private Controls(mode: Mode, frame: HTMLElement, over: HTMLElement, handle: HTMLElement): HTMLElement {
    if (mode === "swipe") {
      const slider = h("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": t("compare.swipe_at") });
      const set = (share: number) => {
        over.style.clipPath = `inset(0 0 0 ${share}%)`;
        handle.style.left = `${share}%`;
        slider.value = String(share);
      };
      slider.addEventListener("input", () => set(Number(slider.value)));
      frame.classList.add("swipes");
      const drag = (event: PointerEvent) => {
        const box = frame.getBoundingClientRect();
        set(Math.round(Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100))));
      };
      frame.addEventListener("pointerdown", (event) => { frame.setPointerCapture(event.pointerId); drag(event); });
      frame.addEventListener("pointermove", (event) => { if (event.buttons & 1) drag(event); });
      set(50);
      return h("div", { class: "overlay-controls" }, h("span", null, t("compare.query")), slider, h("span", null, t("compare.known")));
    }
    if (mode === "difference") return h("p", { class: "soft small-text" }, t("compare.difference_hint"));
    const shown = h("strong", { class: "blink-name" });
    const set = (visible: boolean) => {
      over.classList.toggle("out", !visible);
      shown.textContent = visible ? t("compare.known") : t("compare.query");
    };
    let visible = true;
    const flip = () => { visible = !visible; set(visible); };
    const play = h("button", { type: "button", on: { click: () => running(!this.timer) } });
    this.play_button = play;
    const running = (on: boolean) => {
      window.clearInterval(this.timer);
      this.timer = on ? window.setInterval(flip, kBlinkMilliseconds) : 0;
      Replace(play, IconOf(on ? "pause" : "play"), t(on ? "compare.stop" : "compare.start"), h("kbd", null, "b"));
    };
    set(true);
    running(!MovesLittle());
    return h("div", { class: "overlay-controls" }, play,
      h("button", { type: "button", on: { click: () => { running(false); flip(); } } }, t("compare.other")), h("span", null, t("compare.shown"), " ", shown));
  }
}
