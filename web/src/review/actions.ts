// What people do to cases, with the dialogs that ask for the rest.
import { h } from "../core/dom";
import { Get, Post, Put } from "../core/api";
import { BulkResult, Note, Page, PersonName, ReviewSettings, User, Verdict } from "../core/model";
import { Me } from "../core/session";
import { t } from "../core/words";
import { ShowDialog } from "../ui/dialog";
import { Choice, Field } from "../ui/parts";

let settings: ReviewSettings = { two_person: "off", reason_required: false };
let users: User[] | null = null;

export async function LoadReviewSettings(): Promise<ReviewSettings> {
  settings = await Get<ReviewSettings>("review/settings");
  return settings;
}

export function Settings(): ReviewSettings {
  return settings;
}

export async function ActiveUsers(): Promise<User[]> {
  users ??= (await Get<Page<User>>("users", { limit: 200 })).items;
  return users.filter((user) => user.active);
}

export function ForgetUsers(): void {
  users = null;
}

export function Decide(ids: readonly number[], verdict: Verdict, reason: string, about: readonly string[]): Promise<BulkResult> {
  return Post<BulkResult>("review/decisions", { inspection_ids: ids, verdict, reason, about });
}

export function Undo(ids: readonly number[]): Promise<BulkResult> {
  return Post<BulkResult>("review/undo", { inspection_ids: ids });
}

/** Enter sends, Shift + Enter makes a line. */
function SendsOnEnter(area: HTMLTextAreaElement): HTMLTextAreaElement {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    area.form?.requestSubmit();
  });
  return area;
}

/** Asks for the reason that the rules demand. null: cancelled. */
export async function AskReason(verdict: Verdict, count: number): Promise<string | null> {
  const area = SendsOnEnter(h("textarea", { maxlength: "2000", required: true, autofocus: true }));
  const accepted = await ShowDialog({
    title: t("decide.reason_title", { verdict: t(`verdict.${verdict}`), n: count }),
    body: Field(t("decide.reason"), area, t("decide.reason_hint")),
    confirm: t(`verdict.${verdict}`),
    accept: () => (area.value.trim() === "" ? t("decide.reason_needed") : undefined),
  });
  return accepted ? area.value.trim() : null;
}

export async function AskNote(inspection_id: number): Promise<Note | null> {
  const area = SendsOnEnter(h("textarea", { maxlength: "4000", required: true, autofocus: true }));
  let note: Note | null = null;
  await ShowDialog({
    title: t("note.title"),
    body: Field(t("note.text"), area, t("note.hint")),
    confirm: t("note.add"),
    accept: async () => {
      const text = area.value.trim();
      if (text === "") return t("note.needed");
      note = await Post<Note>("review/notes", { inspection_id, text });
      return undefined;
    },
  });
  return note;
}

export async function AskAssignee(ids: readonly number[]): Promise<BulkResult | null> {
  const people = await ActiveUsers();
  const me = Me()?.user;
  const select = Choice([["", t("assign.nobody")], ...people.filter((user) => user.role !== "viewer").map((user) =>
    [String(user.user_id), user.user_id === me?.user_id ? t("assign.me", { name: PersonName(user) }) : PersonName(user)] as const)], String(me?.user_id ?? ""));
  let result: BulkResult | null = null;
  await ShowDialog({
    title: t("assign.title", { n: ids.length }),
    body: Field(t("assign.to"), select),
    confirm: t("assign.do"),
    accept: async () => {
      result = await Put<BulkResult>("review/assignments", { inspection_ids: ids, user_id: select.value === "" ? null : Number(select.value) });
    },
  });
  return result;
}
