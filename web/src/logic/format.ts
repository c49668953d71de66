// Numbers and times as people read them.
import { FormatCount } from "./pattern";

/** 0.256 -> "26%"; one digit below one percent; never 0% or 100% unless it is. */
export function Percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const percent = share * 100;
  if (percent <= 0) return "0%";
  if (percent < 0.1) return "<0.1%";
  if (percent < 0.95) return `${percent.toFixed(1)}%`;
  if (percent > 99.5 && percent < 100) return ">99%";
  return `${Math.round(percent)}%`;
}

export function Bytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Four significant digits, or a dash for a number that has no finite value. */
export function Significant(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-4 || size >= 1e7) return value.toExponential(2);
  const whole = Math.floor(Math.log10(size)) + 1;
  return value.toFixed(Math.max(0, whole >= 4 ? 0 : 4 - whole));
}

export function When(iso: string | null | undefined, language: string): string {
  if (!iso) return "–";
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return new Intl.DateTimeFormat(language === "ja" ? "ja-JP" : "en-GB",
    { year: "numeric", month: language === "ja" ? "2-digit" : "short", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(time);
}

/** How long ago, coarse: the exact time stands beside it as a title. */
export function Ago(iso: string, now: number, language: string): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return iso;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const size = Math.abs(seconds);
  if (size < 60) return format.format(Math.round(seconds), "second");
  if (size < 3600) return format.format(Math.round(seconds / 60), "minute");
  if (size < 86400) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86400), "day");
}

/** The last part of a path, whichever slash it uses. */
export function BaseName(path: string): string {
  const parts = path.split(/[\\/]/);
  return parts[parts.length - 1] || path;
}

export function ShortHash(hash: string): string {
  return hash.length > 12 ? hash.slice(0, 12) + "…" : hash;
}

export { FormatCount };
