/** Puts values into "{name}". "{n|picture|pictures}" chooses by the number n; Japanese has one form and needs no choice. */
export function Fill(pattern: string, values: Record<string, string | number>, language: string): string {
  return pattern.replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many;
    return typeof value === "number" ? FormatCount(value, language) : value;
  });
}

/** The names of a pattern's slots, each once, sorted. */
export function Slots(pattern: string): string[] {
  const names = new Set<string>();
  for (const match of pattern.matchAll(/\{(\w+)(?:\|[^|}]*\|[^|}]*)?\}/g)) names.add(match[1]);
  return [...names].sort();
}

export function FormatCount(value: number, language: string): string {
  return new Intl.NumberFormat(language === "ja" ? "ja-JP" : "en-GB").format(value);
}
