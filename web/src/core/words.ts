// The words of the interface. English is the reference; Japanese has the same keys and the same slots (a test checks both).
import { en } from "../words/en";
import { ja } from "../words/ja";
import { Fill } from "../logic/pattern";

export type Language = "en" | "ja";
export type Key = keyof typeof en;
/** What the server says in both languages. */
export interface Text {
  en: string;
  ja: string;
}

let language: Language = "en";

export function CurrentLanguage(): Language {
  return language;
}

export function SetLanguage(next: Language): void {
  language = next;
  document.documentElement.lang = next;
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return Fill((language === "ja" ? ja : en)[key], values, language);
}

/** A key made from data, e.g. a state the server names; the raw name when this console does not know it. */
export function Named(prefix: string, name: string): string {
  const key = `${prefix}.${name}`;
  return key in en ? t(key as Key) : name;
}

export function Pick(text: Text | string | null | undefined): string {
  if (!text) return "";
  if (typeof text === "string") return text;
  return text[language] || text.en || "";
}
