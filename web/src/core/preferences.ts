// What this browser remembers: language, theme, single-key commands. Nothing secret and nothing about pictures.
const kPrefix = "kantei.";

export function Preference(name: string): string {
  try {
    return localStorage.getItem(kPrefix + name) ?? "";
  } catch {
    return "";
  }
}

export function SetPreference(name: string, value: string): void {
  try {
    localStorage.setItem(kPrefix + name, value);
  } catch {
    // Storage may be closed (private window): then it holds until the page goes.
  }
}

export type Theme = "auto" | "light" | "dark";

export function ApplyTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function MovesLittle(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
