// Pictures in lists: lazy, with a word where there is none.
import { h } from "../core/dom";
import { t } from "../core/words";

export function Thumb(url: string | null | undefined, name: string, extra = ""): HTMLElement {
  const missing = () => h("span", { class: `thumb no-picture ${extra}`, role: "img", "aria-label": t("picture.none_of", { name }) }, "–");
  if (!url) return missing();
  const image = h("img", { class: `thumb ${extra}`, src: url, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(missing()), { once: true });
  return image;
}
