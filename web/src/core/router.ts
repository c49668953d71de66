// Addresses after "#": "#/cases/17?tab=copy". They need nothing from the server and survive a proxy's path prefix.

export interface Address {
  parts: string[];
  query: URLSearchParams;
}

export function ParseAddress(hash: string): Address {
  const text = hash.replace(/^#\/?/, "");
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  const parts = path.split("/").filter((part) => part !== "").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { parts, query: new URLSearchParams(mark < 0 ? "" : text.slice(mark + 1)) };
}

/** "#/a/b?x=1"; values that are empty are left out. */
export function MakeAddress(parts: readonly (string | number)[], query: Record<string, string | number | undefined> = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") params.set(name, String(value));
  const tail = params.toString();
  return "#/" + parts.map((part) => encodeURIComponent(String(part))).join("/") + (tail ? "?" + tail : "");
}

export function Go(parts: readonly (string | number)[], query: Record<string, string | number | undefined> = {}): void {
  location.hash = MakeAddress(parts, query);
}

/** Changes what follows "?" without a new entry in the history and without drawing the view again. */
export function Rewrite(parts: readonly (string | number)[], query: Record<string, string | number | undefined> = {}): void {
  history.replaceState(null, "", MakeAddress(parts, query));
}
