// Calls of docs/openapi.yaml. The session travels as a cookie; the CSRF token of the session goes into a header.
import type { Session } from "./model";
import { Key, t } from "./words";
import { en } from "../words/en";

export type Query = Record<string, string | number | boolean | undefined | null>;

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, readonly detail: string, readonly request_id: string,
              readonly retry_after: number) {
    super(detail);
  }

  /** In the user's language where the code says enough, with the server's own sentence, which names the matter. */
  Sentence(): string {
    const key = `problem.${this.code}`;
    const known = key in en ? t(key as Key, { seconds: Math.max(1, this.retry_after) }) : t("problem.other");
    return this.detail && this.code !== "unauthorized" ? `${known} (${this.detail})` : known;
  }
}

let csrf_token = "";
let on_signed_out: (() => void) | null = null;
let on_password_needed: (() => void) | null = null;

export function UseSession(session: Session | null): void {
  csrf_token = session?.csrf_token ?? "";
}

export function OnSessionEnd(signed_out: () => void, password_needed: () => void): void {
  on_signed_out = signed_out;
  on_password_needed = password_needed;
}

/** Relative to the page, so that a proxy may put the console under a path. */
export function Url(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  const tail = params.toString();
  return `api/v1/${path}${tail ? "?" + tail : ""}`;
}

function Problem(status: number, text: string, retry_after: string | null): ApiError {
  let body: { code?: string; detail?: string; request_id?: string } = {};
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy's own page: the status has to do.
  }
  const error = new ApiError(status, body.code ?? (status === 0 ? "offline" : "other"), body.detail ?? "", body.request_id ?? "",
    Number(retry_after ?? 0) || 0);
  if (error.code === "unauthorized") on_signed_out?.();
  if (error.code === "password_change_required") on_password_needed?.();
  return error;
}

export async function Call<T>(method: string, path: string, options: { query?: Query; body?: unknown; signal?: AbortSignal } = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf_token) headers["X-CSRF-Token"] = csrf_token;
  let response: Response;
  try {
    response = await fetch(Url(path, options.query), {
      method, headers, credentials: "same-origin", cache: "no-store", signal: options.signal,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "", "", 0);
  }
  const text = await response.text();
  if (!response.ok) throw Problem(response.status, text, response.headers.get("Retry-After"));
  return (text ? JSON.parse(text) : undefined) as T;
}

export const Get = <T>(path: string, query: Query = {}, signal?: AbortSignal) => Call<T>("GET", path, { query, signal });
export const Post = <T>(path: string, body: unknown = {}) => Call<T>("POST", path, { body });
export const Put = <T>(path: string, body: unknown) => Call<T>("PUT", path, { body });
export const Patch = <T>(path: string, body: unknown) => Call<T>("PATCH", path, { body });
export const Delete = (path: string) => Call<void>("DELETE", path);

export interface Upload {
  files: readonly { name: string; file: Blob; part?: string }[];
  fields?: Record<string, string>;
  progress?: (share: number) => void;
  signal?: AbortSignal;
}

/** Multipart with progress, which fetch cannot tell. */
export function Send<T>(path: string, upload: Upload): Promise<{ status: number; value: T }> {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(upload.fields ?? {})) if (value !== "") form.append(name, value);
    for (const { name, file, part } of upload.files) form.append(part ?? "picture", file, name);
    const request = new XMLHttpRequest();
    request.open("POST", Url(path));
    request.setRequestHeader("Accept", "application/json");
    if (csrf_token) request.setRequestHeader("X-CSRF-Token", csrf_token);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) upload.progress?.(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new ApiError(0, "offline", "", "", 0)));
    request.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve({ status: request.status, value: JSON.parse(request.responseText) as T });
      else reject(Problem(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    });
    upload.signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

export const ArtifactUrl = (inspection_id: number, name: string) => Url(`inspections/${inspection_id}/artifacts/${encodeURIComponent(name)}`);
export const PreviewUrl = (picture_id: number) => Url(`library/pictures/${picture_id}/preview`);
