// What docs/inspect-json.md describes, as far as it is shown. Members may be missing: older records and failed checks.
import type { Text } from "../core/words";
import type { Point } from "../logic/geometry";

export interface Failure {
  code: string;
  message: string;
}

export interface CheckJson {
  band?: string;
  gives_verdict?: boolean;
  headline?: Text;
  grounds?: Text[];
  limits?: Text[];
  error?: Failure;
  seconds: number;
}

export interface Region {
  inliers: number;
  mirrored: boolean;
  inverted: boolean;
  agreement: number;
  agreeing_share: number;
  query_region: Point[];
  known_region: Point[];
  query_share: number;
  known_share: number;
  homography: number[];
  changed: Point[][];
  changed_share: number;
}

export interface Match {
  path: string;
  picture_id: number;
  sha256: string;
  identical_file?: boolean;
  bank: string;
  bank_kind: string;
  label: string;
  owner: string;
  source: string;
  band: string;
  similarity: number;
  pdq_distance: number;
  pdq_variant: string;
  found_by: string;
  descriptor?: { cosine: number; probability: number | null; view: string };
  inliers: number;
  regions: Region[];
}

export interface CopyCheck extends CheckJson {
  matches: Match[];
  silenced: Match[];
  library_pictures: number;
  pdq_quality: number;
  query_features: number;
  missing_descriptors: number;
}

export interface NamedValue {
  name: string;
  value: string;
}

export interface MetadataCheck extends CheckJson {
  exif: NamedValue[];
  xmp: NamedValue[];
  iptc: NamedValue[];
  digital_source_type: string;
  has_camera: boolean;
  generators: { generator: string; location: string; fields: NamedValue[] }[];
  c2pa?: Record<string, unknown>;
  jpeg?: { estimated_quality: number; encoder_family: string; subsampling: string; progressive: boolean };
  thumbnail?: { width: number; height: number; correlation: number; contradicts: boolean };
  record?: { file: string; agreement: string; program: string; fields: NamedValue[] };
  problems: string[];
}

export const kMeasures = ["ced", "glcmc", "glcme", "vbm", "ms"] as const;
export type PerMeasure = Record<(typeof kMeasures)[number], number | null>;

export interface RealismScore {
  reference: string;
  irs: number | null;
  irs_percentile: number | null;
  robust: number | null;
  robust_percentile: number | null;
  percentiles: PerMeasure;
  radii: PerMeasure;
}

export interface RealismCheck extends CheckJson, RealismScore {
  measures: PerMeasure;
  second?: RealismScore;
}

export interface PixelAnswer {
  probability: number;
  band: string;
  threshold: number;
  inconclusive_from: number;
  inconclusive_to: number;
  measured?: { false_alarms: number; false_alarms_from: number; false_alarms_to: number; authentic: number; calibration_error: number };
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Trace {
  kind: string;
  applicable: boolean;
  reason?: string;
  score?: number;
  false_alarm_rate?: { photo: number; drawn: number };
  regions: Box[];
}

export interface AuthenticityCheck extends CheckJson {
  basis: string[];
  pixel_analysis: boolean;
  declarations: { kind: string; source: string; value: string }[];
  ai_made?: PixelAnswer;
  edited?: PixelAnswer;
  softness?: { value: number; limit: number; too_soft: boolean };
  regions?: (Box & { share: number; map: number; confidence: number })[];
  detector?: string;
  measured_on?: string;
  views?: { view: string; width: number; height: number; ai_made: number; edited: number }[];
  traces?: Trace[];
}

export interface FileFacts {
  path: string;
  sha256: string;
  bytes: number;
  format: string;
  width: number;
  height: number;
  orientation: number;
  frames: number;
  warning?: string;
}

export interface InspectJson {
  schema: string;
  tool: { name: string; version: string };
  file: FileFacts;
  checks?: { copy?: CopyCheck; metadata?: MetadataCheck; realism?: RealismCheck; authenticity?: AuthenticityCheck };
  conflicts?: Text[];
  error?: Failure;
  seconds: number;
}

export const kChecks = ["copy", "authenticity", "metadata", "realism"] as const;
export type CheckKey = (typeof kChecks)[number];

/** A heat map is only to be read beside a decided answer (docs/inspect-json.md). */
export function MapIsReadable(check: AuthenticityCheck): boolean {
  const decided = (answer: PixelAnswer | undefined) => answer !== undefined && (answer.band === "moderate" || answer.band === "strong");
  return check.softness?.too_soft !== true && (decided(check.ai_made) || decided(check.edited));
}

const kOrder = ["none", "inconclusive", "moderate", "strong"];

/** The strongest band of the checks that give a verdict; empty when none ran. */
export function StrongestBand(inspection: InspectJson): string {
  let best = "";
  for (const check of Object.values(inspection.checks ?? {}))
    if (check?.band && check.gives_verdict && kOrder.indexOf(check.band) > kOrder.indexOf(best)) best = check.band;
  return best;
}
