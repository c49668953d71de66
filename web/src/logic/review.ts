// The rules of working a queue, without a screen: what may be decided, where the cursor goes, what can be undone.
import type { Decision, Inspection, ReviewState, Verdict } from "../core/model";

const kSettled: readonly ReviewState[] = ["confirmed", "dismissed", "inconclusive"];

export function IsSettled(state: ReviewState): boolean {
  return kSettled.includes(state);
}

/** Decisions that stand, oldest first. */
export function Standing(decisions: readonly Decision[]): Decision[] {
  return decisions.filter((one) => one.kind === "decision" && !one.undone);
}

export type Obstacle = "settled" | "own_first" | null;

/** Why this person cannot decide now. The server has the last word; this only saves a refused call. */
export function WhyNot(inspection: Inspection, decisions: readonly Decision[], user_id: number): Obstacle {
  if (IsSettled(inspection.state)) return "settled";
  if (inspection.state === "pending_second") {
    const standing = Standing(decisions);
    if (standing.length > 0 && standing[standing.length - 1].by.user_id === user_id) return "own_first";
  }
  return null;
}

export interface Row {
  inspection: Inspection;
  /** A decision on its way; the row shows it as unsaved until the server has answered. */
  saving: Verdict | "undo" | null;
  /** What the server refused, until the next try. */
  problem: string;
}

/** The rows of the queue as they are on screen. A decided row stays where it is, so that nothing jumps under the cursor. */
export class QueueRows {
  rows: Row[] = [];
  cursor = 0;
  readonly marked = new Set<number>();
  private readonly done: number[][] = [];

  Fill(inspections: readonly Inspection[], keep_id?: number): void {
    this.rows = inspections.map((inspection) => ({ inspection, saving: null, problem: "" }));
    this.marked.clear();
    const index = this.rows.findIndex((row) => row.inspection.inspection_id === keep_id);
    this.cursor = Math.max(0, index);
  }

  Add(inspections: readonly Inspection[]): void {
    const known = new Set(this.rows.map((row) => row.inspection.inspection_id));
    for (const inspection of inspections)
      if (!known.has(inspection.inspection_id)) this.rows.push({ inspection, saving: null, problem: "" });
  }

  Current(): Row | undefined {
    return this.rows[this.cursor];
  }

  Find(id: number): Row | undefined {
    return this.rows.find((row) => row.inspection.inspection_id === id);
  }

  /** Moves by `step` and says whether the cursor is elsewhere now. */
  Move(step: number): boolean {
    const next = Math.min(this.rows.length - 1, Math.max(0, this.cursor + step));
    const moved = next !== this.cursor;
    this.cursor = Math.max(0, next);
    return moved;
  }

  GoTo(id: number): boolean {
    const index = this.rows.findIndex((row) => row.inspection.inspection_id === id);
    if (index < 0) return false;
    this.cursor = index;
    return true;
  }

  Mark(): void {
    const row = this.Current();
    if (!row) return;
    const id = row.inspection.inspection_id;
    if (!this.marked.delete(id)) this.marked.add(id);
  }

  /** What a command acts on: the marked rows, or the one under the cursor. */
  Targets(): number[] {
    if (this.marked.size > 0) return this.rows.map((row) => row.inspection.inspection_id).filter((id) => this.marked.has(id));
    const row = this.Current();
    return row ? [row.inspection.inspection_id] : [];
  }

  Begin(ids: readonly number[], what: Verdict | "undo"): void {
    for (const id of ids) {
      const row = this.Find(id);
      if (row) {
        row.saving = what;
        row.problem = "";
      }
    }
    this.marked.clear();
  }

  /** What the server answered: only now a row shows its new state. */
  Settle(ids: readonly number[], items: readonly Inspection[], failures: readonly { inspection_id: number; detail: string }[]): void {
    for (const id of ids) {
      const row = this.Find(id);
      if (!row) continue;
      row.saving = null;
      row.inspection = items.find((one) => one.inspection_id === id) ?? row.inspection;
      row.problem = failures.find((one) => one.inspection_id === id)?.detail ?? "";
    }
  }

  Fail(ids: readonly number[], sentence: string): void {
    for (const id of ids) {
      const row = this.Find(id);
      if (row) {
        row.saving = null;
        row.problem = sentence;
      }
    }
  }

  /** After a decision: the next row below that waits, else the first above, else where it is. */
  Advance(): boolean {
    const waits = (row: Row) => row.saving === null && !IsSettled(row.inspection.state) && row.inspection.state !== "pending_second";
    for (let i = this.cursor + 1; i < this.rows.length; ++i)
      if (waits(this.rows[i])) return this.Move(i - this.cursor);
    for (let i = 0; i < this.cursor; ++i)
      if (waits(this.rows[i])) return this.Move(i - this.cursor);
    return false;
  }

  Remember(ids: readonly number[]): void {
    if (ids.length > 0) this.done.push([...ids]);
  }

  /** The decision to take back: the latest of this sitting, else that of the row under the cursor. */
  TakeLast(): number[] {
    const last = this.done.pop();
    if (last) return last;
    const row = this.Current();
    return row && row.inspection.decisions > 0 ? [row.inspection.inspection_id] : [];
  }

  Waiting(): number {
    return this.rows.filter((row) => !IsSettled(row.inspection.state)).length;
  }
}
