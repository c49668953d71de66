// Signing in, and the forced change of a one-time password.
import { h, Replace } from "../core/dom";
import { Call, Post } from "../core/api";
import type { Session } from "../core/model";
import { t } from "../core/words";
import { ErrorText, Field } from "../ui/parts";

export function Brand(): HTMLElement {
  return h("span", { class: "brand" }, h("img", { src: "icon.svg", alt: "" }), h("span", null, "Kantei 鑑定"));
}

interface GateForm {
  title: string;
  lead: string;
  fields: HTMLInputElement[];
  labels: string[];
  hints?: string[];
  button: string;
  send: () => Promise<void>;
}

function Form(options: GateForm, tools: HTMLElement): HTMLElement {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const button = h("button", { type: "submit", class: "primary" }, options.button);
  const form = h("form", {
    novalidate: true,
    on: {
      submit: async (event) => {
        event.preventDefault();
        problem.hidden = true;
        button.disabled = true;
        try {
          await options.send();
        } catch (error) {
          problem.textContent = ErrorText(error);
          problem.hidden = false;
          options.fields[options.fields.length - 1].select();
        } finally {
          button.disabled = false;
        }
      },
    },
  }, options.fields.map((field, index) => Field(options.labels[index], field, options.hints?.[index])), problem, button);
  window.setTimeout(() => options.fields[0].focus(), 0);
  return h("main", { class: "gate" }, h("div", { class: "card" }, Brand(), h("h1", null, options.title), h("p", { class: "soft" }, options.lead), form, tools));
}

export function SignIn(tools: HTMLElement, signed_in: (session: Session) => void, notice = ""): HTMLElement {
  const name = h("input", { type: "text", name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true, maxlength: "64" });
  const password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true, maxlength: "256" });
  return Form({
    title: t("signin.title"), lead: notice || t("signin.lead"), fields: [name, password], labels: [t("signin.name"), t("signin.password")], button: t("signin.do"),
    send: async () => {
      if (name.value.trim() === "" || password.value === "") throw new Error(t("signin.needed"));
      try {
        signed_in(await Post<Session>("session", { name: name.value.trim(), password: password.value }));
      } catch (error) {
        if ((error as { code?: string }).code === "unauthorized") throw new Error(t("signin.wrong"));
        throw error;
      }
    },
  }, tools);
}

function CheckNew(fresh: string, again: string): void {
  if ([...fresh].length < 12) throw new Error(t("password.short"));
  if (fresh !== again) throw new Error(t("password.differ"));
}

/** `forced`: nothing else works before; the old one is the one-time password. */
export function ChangePassword(tools: HTMLElement, changed: (session: Session) => void): HTMLElement {
  const [old_one, fresh, again] = PasswordInputs();
  return Form({
    title: t("password.title"), lead: t("password.lead"), fields: [old_one, fresh, again],
    labels: [t("password.one_time"), t("password.new"), t("password.again")], hints: ["", t("password.rule")], button: t("password.do"),
    send: async () => {
      CheckNew(fresh.value, again.value);
      changed(await SendPassword(old_one.value, fresh.value));
    },
  }, tools);
}

function PasswordInputs(): HTMLInputElement[] {
  return ["current-password", "new-password", "new-password"].map((complete) =>
    h("input", { type: "password", autocomplete: complete, required: true, maxlength: "256" }));
}

async function SendPassword(old_password: string, new_password: string): Promise<Session> {
  try {
    return await Post<Session>("session/password", { old_password, new_password });
  } catch (error) {
    if ((error as { code?: string }).code === "unauthorized") throw new Error(t("password.old_wrong"));
    throw error;
  }
}

/** The same as fields of a dialog, for those who are signed in. */
export function PasswordFields(): { body: HTMLElement; send: () => Promise<Session> } {
  const [old_one, fresh, again] = PasswordInputs();
  return {
    body: h("div", { class: "stack" }, Field(t("password.old"), old_one), Field(t("password.new"), fresh, t("password.rule")), Field(t("password.again"), again)),
    send: async () => {
      CheckNew(fresh.value, again.value);
      return SendPassword(old_one.value, fresh.value);
    },
  };
}

export async function SignOut(): Promise<void> {
  await Call<void>("DELETE", "session");
}

export function ReplaceBody(element: HTMLElement, ...more: HTMLElement[]): void {
  Replace(document.body, element, more);
}
