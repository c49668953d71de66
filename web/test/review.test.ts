import assert from "node:assert/strict";
import test from "node:test";
import type { Decision, Inspection, ReviewState, Verdict } from "../src/core/model";
import { QueueRows, Standing, WhyNot } from "../src/logic/review";

function Case(inspection_id: number, state: ReviewState = "open", decisions = 0): Inspection {
  return { inspection_id, state, decisions, file_name: `${inspection_id}.jpg` } as Inspection;
}

function Decided(decision_id: number, user_id: number, verdict: Verdict, more: Partial<Decision> = {}): Decision {
  return { decision_id, at: "", by: { user_id, name: "", display_name: "" }, kind: "decision", verdict, reason: "", about: [], run: 1, undone: false, ...more };
}

function Rows(count: number): QueueRows {
  const rows = new QueueRows();
  rows.Fill(Array.from({ length: count }, (_, i) => Case(i + 1)));
  return rows;
}

test("a row shows its new state only when the server has answered", () => {
  const rows = Rows(3);
  rows.Begin([1], "confirm");
  assert.equal(rows.Find(1)?.saving, "confirm");
  assert.equal(rows.Find(1)?.inspection.state, "open");
  rows.Settle([1], [Case(1, "pending_second", 1)], []);
  assert.equal(rows.Find(1)?.saving, null);
  assert.equal(rows.Find(1)?.inspection.state, "pending_second");
});

test("what the server refuses stays as it was and says why", () => {
  const rows = Rows(2);
  rows.Begin([1, 2], "dismiss");
  rows.Settle([1, 2], [Case(2, "dismissed", 1)], [{ inspection_id: 1, detail: "It is settled." }]);
  assert.deepEqual([rows.Find(1)?.inspection.state, rows.Find(1)?.problem], ["open", "It is settled."]);
  assert.deepEqual([rows.Find(2)?.inspection.state, rows.Find(2)?.problem], ["dismissed", ""]);
  rows.Begin([1], "dismiss");
  rows.Fail([1], "offline");
  assert.deepEqual([rows.Find(1)?.saving, rows.Find(1)?.inspection.state, rows.Find(1)?.problem], [null, "open", "offline"]);
});

test("the cursor goes to the next row that waits, then to those above, then stays", () => {
  const rows = Rows(4);
  rows.GoTo(2);
  rows.Begin([2], "confirm");
  rows.Settle([3], [Case(3, "confirmed", 1)], []);
  assert.ok(rows.Advance());
  assert.equal(rows.Current()?.inspection.inspection_id, 4);
  rows.Begin([4], "confirm");
  assert.ok(rows.Advance());
  assert.equal(rows.Current()?.inspection.inspection_id, 1);
  rows.Begin([1], "confirm");
  assert.ok(!rows.Advance());
  assert.equal(rows.Current()?.inspection.inspection_id, 1);
});

test("fifty cases by keys alone: each is decided once", () => {
  const rows = Rows(50);
  const order: number[] = [];
  for (let i = 0; i < 50; ++i) {
    const ids = rows.Targets();
    order.push(...ids);
    rows.Begin(ids, "confirm");
    rows.Advance();
    rows.Settle(ids, ids.map((id) => Case(id, "confirmed", 1)), []);
  }
  assert.deepEqual(order, Array.from({ length: 50 }, (_, i) => i + 1));
  assert.equal(rows.Waiting(), 0);
});

test("undo takes the latest decision of the sitting, then that under the cursor", () => {
  const rows = new QueueRows();
  rows.Fill([Case(1, "confirmed", 1), Case(2), Case(3)]);
  rows.Remember([2]);
  rows.Remember([]);
  rows.Remember([1, 3]);
  assert.deepEqual([rows.TakeLast(), rows.TakeLast()], [[1, 3], [2]]);
  assert.deepEqual(rows.TakeLast(), [1]);
  rows.Move(1);
  assert.deepEqual(rows.TakeLast(), []);
});

test("marked rows are acted on together, in the order of the list", () => {
  const rows = Rows(3);
  rows.GoTo(3);
  rows.Mark();
  rows.GoTo(1);
  rows.Mark();
  rows.GoTo(2);
  assert.deepEqual(rows.Targets(), [1, 3]);
  rows.Begin(rows.Targets(), "dismiss");
  assert.deepEqual(rows.Targets(), [2]);
});

test("a fresh list keeps the cursor on its case", () => {
  const rows = Rows(3);
  rows.Fill([Case(9), Case(3), Case(1)], 3);
  assert.equal(rows.cursor, 1);
  rows.Fill([Case(9)], 3);
  assert.equal(rows.cursor, 0);
  rows.Add([Case(9), Case(10)]);
  assert.deepEqual(rows.rows.map((row) => row.inspection.inspection_id), [9, 10]);
});

test("the second decision is another person's", () => {
  const first = [Decided(1, 7, "confirm")];
  assert.equal(WhyNot(Case(1, "pending_second", 1), first, 7), "own_first");
  assert.equal(WhyNot(Case(1, "pending_second", 1), first, 8), null);
  const undone = [Decided(1, 7, "confirm", { undone: true }), Decided(2, 7, "confirm", { kind: "undo" }), Decided(3, 8, "dismiss")];
  assert.deepEqual(Standing(undone).map((one) => one.decision_id), [3]);
  assert.equal(WhyNot(Case(1, "pending_second", 1), undone, 7), null);
  assert.equal(WhyNot(Case(1, "dismissed", 2), undone, 7), "settled");
  assert.equal(WhyNot(Case(1, "escalated", 2), undone, 7), null);
});
