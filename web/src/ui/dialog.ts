// Modal dialogs on the platform's own <dialog>, which keeps the focus inside and gives it back.
import { Child, h, UniqueId } from "../core/dom";
import { PushKeys } from "../core/keys";
import { t } from "../core/words";
import { IconOf } from "./icons";

export interface DialogOptions {
  title: string;
  body: Child;
  confirm?: string;
  danger?: boolean;
  wide?: boolean;
  /** Returns a sentence when the dialog cannot close yet; throws for errors of the server. */
  accept?: () => Promise<string | void> | string | void;
}

/** True when accepted, false when cancelled. */
export function ShowDialog(options: DialogOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const id = UniqueId("dialog");
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const accept = options.accept || options.confirm
      ? h("button", { type: "submit", class: options.danger ? "danger" : "primary" }, options.confirm ?? t("common.ok")) : null;
    let accepted = false;
    const form: HTMLFormElement = h("form", {
      method: "dialog", novalidate: true,
      on: {
        // A closed list would open at Enter; here Enter accepts, as in the other fields (Space and the arrows open it).
        keydown: (event) => {
          if (event.key !== "Enter" || !(event.target instanceof HTMLSelectElement) || !accept) return;
          event.preventDefault();
          form.requestSubmit();
        },
        submit: async (event) => {
          event.preventDefault();
          if (!accept || accept.disabled) return;
          problem.hidden = true;
          accept.disabled = true;
          try {
            const complaint = await options.accept?.();
            if (complaint) throw new Error(complaint);
            accepted = true;
            dialog.close();
          } catch (error) {
            problem.textContent = error instanceof Error ? error.message : String(error);
            problem.hidden = false;
          } finally {
            accept.disabled = false;
          }
        },
      },
    },
    h("header", null, h("h2", { id }, options.title),
      h("button", { type: "button", class: "icon-only quiet", "aria-label": t("common.close"), on: { click: () => dialog.close() } }, IconOf("close"))),
    h("div", { class: "dialog-body" }, options.body), problem,
    accept && h("footer", null,
      h("button", { type: "button", on: { click: () => dialog.close() } }, t("common.cancel")), accept));
    const dialog: HTMLDialogElement = h("dialog", { class: options.wide ? "wide" : "", "aria-labelledby": id }, form);
    const release = PushKeys(() => [], true);
    dialog.addEventListener("close", () => {
      release();
      dialog.remove();
      resolve(accepted);
    });
    document.body.append(dialog);
    dialog.showModal();
    const first = dialog.querySelector<HTMLElement>("[autofocus], .dialog-body input, .dialog-body select, .dialog-body textarea");
    first?.focus();
  });
}

export function Ask(title: string, sentence: string, confirm: string, danger = false): Promise<boolean> {
  return ShowDialog({ title, body: h("p", null, sentence), confirm, danger });
}
