// The shapes of docs/openapi.yaml that the console uses.
import type { InspectJson, Match } from "../evidence/model";

export type Role = "viewer" | "reviewer" | "administrator";
export type Verdict = "confirm" | "dismiss" | "escalate" | "inconclusive";
export type ReviewState = "open" | "pending_second" | "confirmed" | "dismissed" | "escalated" | "inconclusive";
export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";
export type ScoreName = "copy" | "ai_made" | "edited";
export type BankKind = "allow" | "deny" | "ignore";

export const kVerdicts: readonly Verdict[] = ["confirm", "dismiss", "escalate", "inconclusive"];
export const kStates: readonly ReviewState[] = ["open", "pending_second", "escalated", "confirmed", "dismissed", "inconclusive"];
export const kBands = ["strong", "moderate", "inconclusive", "none"] as const;
export const kRoles: readonly Role[] = ["viewer", "reviewer", "administrator"];
export const kScopes = ["read", "lookup", "inspect", "review", "library", "audit", "metrics"] as const;
export const kAbout = ["copy", "metadata", "authenticity"] as const;

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface UserRef {
  user_id: number;
  name: string;
  display_name: string;
}

export interface User extends UserRef {
  role: Role;
  active: boolean;
  must_change_password: boolean;
  created_at: string;
  last_login_at: string | null;
}

export interface Session {
  user: User;
  csrf_token: string | null;
  must_change_password: boolean;
  expires_at: string;
}

export interface ApiKey {
  key_id: number;
  name: string;
  owner: UserRef;
  prefix: string;
  scopes: string[];
  requests_per_minute: number;
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
  revoked: boolean;
}

export interface Inspection {
  inspection_id: number;
  job_id: number;
  created_at: string;
  updated_at: string;
  file_name: string;
  sha256: string;
  bytes: number;
  format: string;
  width: number;
  height: number;
  band: string;
  bands: Record<string, string>;
  scores: Record<ScoreName, number | null>;
  top_match: { picture_id: number; bank: string; bank_kind: BankKind; label: string; band: string; similarity: number } | null;
  state: ReviewState;
  flagged: boolean;
  labels: string[];
  assignee: UserRef | null;
  decided_at: string | null;
  decisions: number;
  notes: number;
  runs: number;
  changed_since_decision: boolean;
  retroactive: number;
  erased: boolean;
  error: string | null;
  source: string;
  created_by: UserRef;
}

export interface Artifact {
  name: string;
  type: string;
  bytes: number;
  sha256: string;
}

export interface Decision {
  decision_id: number;
  at: string;
  by: UserRef;
  kind: "decision" | "undo";
  verdict: Verdict;
  reason: string;
  about: string[];
  run: number;
  undone: boolean;
}

export interface Note {
  note_id: number;
  at: string;
  by: UserRef;
  text: string;
}

export interface RetroactiveMatch {
  retroactive_id: number;
  inspection_id: number;
  picture_id: number;
  file_name: string;
  label: string;
  bank: string;
  pdq_distance: number;
  at: string;
  seen: boolean;
}

export interface InspectionDetail {
  inspection: Inspection;
  result: InspectJson;
  artifacts: Artifact[];
  decisions: Decision[];
  notes: Note[];
  runs: { run: number; at: string; tool_version: string; band: string; library_pictures: number }[];
  retroactive: RetroactiveMatch[];
}

export interface CaseFile {
  case_file_id: number;
  inspection_id: number;
  at: string;
  by: UserRef;
  language: string;
  sha256: string;
  bytes: number;
}

export interface JobItem {
  item_id: number;
  file_name: string;
  state: JobState;
  inspection_id: number | null;
  error: { code: string; detail: string } | null;
}

export interface Job {
  job_id: number;
  kind: string;
  state: JobState;
  source: string;
  created_at: string;
  created_by: UserRef;
  started_at: string | null;
  finished_at: string | null;
  total: number;
  done: number;
  failed: number;
  cancelled: number;
  ahead: number;
  items: JobItem[] | null;
}

export interface QueuePage extends Page<Inspection> {
  counts: Record<ReviewState, number>;
}

export interface BulkResult {
  items: Inspection[];
  failures: { inspection_id: number; code: string; detail: string }[];
}

export interface ReviewSettings {
  two_person: "off" | "confirm" | "all";
  reason_required: boolean;
}

export interface Bank {
  name: string;
  kind: BankKind;
  pictures: number;
}

export interface LibraryPicture {
  picture_id: number;
  bank: string;
  bank_kind: BankKind;
  file_name: string;
  path: string;
  sha256: string;
  label: string;
  owner: string;
  source: string;
  notes: string;
  width: number;
  height: number;
  bytes: number;
  added_at: string;
  pdq: string;
  pdq_quality: number;
  has_preview: boolean;
}

export interface LibraryAdded {
  added: number;
  already_known: number;
  items: LibraryPicture[];
  failures: { file_name: string; code: string; detail: string }[];
}

export interface SearchResult {
  sha256: string;
  band: string;
  matches: Match[];
  silenced: Match[];
  library_pictures: number;
}

export interface CurvePoint {
  threshold: number;
  precision: number | null;
  recall: number | null;
  per_1000: number;
  confirmed: number;
  dismissed: number;
}

export interface ThresholdCurve {
  score: ScoreName;
  confirmed: number;
  dismissed: number;
  inspected: number;
  points: CurvePoint[];
}

export interface ThresholdProfile {
  copy: number | null;
  ai_made: number | null;
  edited: number | null;
  saved_at: string | null;
  saved_by: UserRef | null;
}

export interface AuditRow {
  seq: number;
  at: string;
  actor: string;
  address: string;
  action: string;
  target: string;
  detail: Record<string, unknown>;
  request_id: string;
  hash: string;
}

export interface Webhook {
  webhook_id: number;
  url: string;
  events: string[];
  created_at: string;
  last_status: number | null;
  last_at: string | null;
}

export interface SystemState {
  version: string;
  started_at: string;
  uptime_seconds: number;
  library: { pictures: number; banks: number; opened_at: string; current: boolean };
  detector: { pixels: string | null; descriptor: string | null };
  queue: { workers: number; queued: number; running: number; limit: number };
  storage: { inspections: number; free_bytes: number };
  limits: { upload_bytes: number; request_bytes: number; pixels: number; sync_bytes: number; pictures_per_request: number };
}

/** What people read: the display name, or the account's when there is none. */
export function PersonName(user: UserRef | null | undefined): string {
  return user ? user.display_name || user.name : "";
}
