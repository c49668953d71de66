// Audit log, users, API keys, system: who did what, who may do what, how the server is.
import { h, Replace } from "../core/dom";
import { Delete, Get, Patch, Post, Put } from "../core/api";
import type { Command } from "../core/keys";
import { ApiKey, AuditRow, kRoles, kScopes, Page, PersonName, ReviewSettings, Role, SystemState, User, Webhook } from "../core/model";
import { May, Me } from "../core/session";
import { Named, t } from "../core/words";
import { Bytes } from "../logic/format";
import { ForgetUsers } from "../review/actions";
import { NextDay } from "../logic/day";
import { Ask, ShowDialog } from "../ui/dialog";
import { Notify } from "../ui/live";
import { PagedList } from "../ui/paged";
import { Button, CheckField, Choice, Complain, DataTable, Empty, ErrorBox, ErrorText, ExactTime, Facts, Field, Hash, Load, StateChip, TimeOf } from "../ui/parts";
import type { View } from "./view";

function Head(title: string, lead: string, ...tools: Node[]): HTMLElement {
  return h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, title), h("div", { class: "row" }, tools), h("p", { class: "lead" }, lead));
}

/** A secret that is shown once: to be copied now or never. */
function ShowSecret(title: string, lead: string, secret: string): Promise<boolean> {
  return ShowDialog({ title, body: [h("p", { class: "callout warn" }, lead), Hash(secret)] });
}

export class AuditView implements View {
  readonly title = "nav.audit" as const;
  readonly element: HTMLElement;
  private readonly filters: Record<string, string> = {};
  private readonly list: PagedList<AuditRow>;
  private readonly actor: HTMLInputElement;

  constructor() {
    const input = (name: string, type = "text") => h("input", { type, maxlength: "128", on: { change: (event) => this.Filter(name, (event.target as HTMLInputElement).value.trim()) } });
    this.actor = input("actor");
    const action = input("action");
    action.placeholder = t("audit.action_hint");
    this.list = new PagedList<AuditRow>((cursor) => Get<Page<AuditRow>>("audit", { ...this.filters, to: this.filters.to ? NextDay(this.filters.to) : undefined, cursor }), (items) => DataTable(t("nav.audit"), [
      { label: "#", cell: (row: AuditRow) => String(row.seq), class: "num tight" },
      { label: t("audit.at"), cell: (row) => ExactTime(row.at), class: "tight" },
      { label: t("audit.actor"), cell: (row) => h("div", null, row.actor, h("div", { class: "soft small-text" }, row.address)), class: "tight" },
      { label: t("audit.action"), cell: (row) => h("div", null, Named("audit_action", row.action), h("div", { class: "soft small-text" }, h("code", null, row.action))), class: "tight" },
      { label: t("audit.target"), cell: (row) => this.Target(row.target), class: "tight" },
      { label: t("audit.detail"), cell: (row) => Object.entries(row.detail ?? {}).map(([name, value]) => h("div", { class: "small-text" }, h("span", { class: "soft" }, `${name}: `), typeof value === "object" ? JSON.stringify(value) : String(value))) },
    ], items), () => Empty(t("audit.none"), t("audit.none_hint")));
    const answer = h("div", { "aria-live": "polite" });
    const verify = async () => {
      try {
        const result = await Get<{ sound: boolean; rows: number; head: string; problem: string | null }>("audit/verify");
        Replace(answer, h("div", { class: `callout ${result.sound ? "" : "warn"}` }, h("p", null, result.sound ? t("audit.sound", { n: result.rows }) : t("audit.broken", { why: result.problem ?? "" })), result.head ? Hash(result.head) : null,
          h("p", { class: "soft small-text" }, t("audit.head_note"))));
      } catch (error) {
        Replace(answer, ErrorBox(error));
      }
    };
    this.element = h("div", { class: "stack" }, Head(t("nav.audit"), t("audit.lead"), Button(t("audit.verify"), () => void verify())), answer,
      h("section", { class: "filters", "aria-label": t("filter.title") }, h("div", { class: "field-grid" }, Field(t("audit.actor"), this.actor), Field(t("audit.action"), action), Field(t("audit.target"), input("target")),
        Field(t("filter.from"), input("from", "date")), Field(t("filter.to"), input("to", "date")))), h("div", { class: "card" }, this.list.element));
    void this.list.Reload();
  }

  commands(): Command[] {
    return [{ key: "/", label: () => t("keys.search"), run: () => this.actor.focus() }];
  }

  private Target(target: string): Node {
    const match = /^inspection:(\d+)$/.exec(target);
    return match ? h("a", { href: `#/case/${match[1]}` }, target) : h("span", null, target || "–");
  }

  private Filter(name: string, value: string): void {
    if (value) this.filters[name] = value;
    else delete this.filters[name];
    void this.list.Reload();
  }
}

export class UsersView implements View {
  readonly title = "nav.users" as const;
  readonly element: HTMLElement;
  private readonly box = h("div");

  constructor() {
    this.element = h("div", { class: "stack" }, Head(t("nav.users"), t("users.lead"), Button(t("users.make"), () => void this.Make(), "primary")), h("div", { class: "card" }, this.box));
    void this.Reload();
  }

  private Reload(): Promise<void> {
    ForgetUsers();
    return Load(this.box, () => Get<Page<User>>("users", { limit: 200 }), (page) => DataTable(t("nav.users"), [
      { label: t("users.name"), cell: (user: User) => h("div", null, h("span", { class: "name" }, PersonName(user)), h("div", { class: "soft small-text" }, user.name)) },
      { label: t("users.role"), cell: (user) => this.RoleChoice(user) },
      { label: t("users.state"), cell: (user) => h("div", { class: "row tight" }, StateChip("user_state", user.active ? "active" : "disabled"), user.must_change_password ? h("span", { class: "soft small-text" }, t("users.must_change")) : null) },
      { label: t("users.last_login"), cell: (user) => (user.last_login_at ? TimeOf(user.last_login_at) : h("span", { class: "soft" }, t("users.never"))), class: "tight" },
      { label: t("users.made"), cell: (user) => TimeOf(user.created_at), class: "tight" },
      { label: t("common.actions"), class: "tight", cell: (user) => h("div", { class: "row nowrap" }, Button(t("users.reset"), () => void this.Reset(user), "small"),
        user.user_id === Me()?.user.user_id ? null : Button(t(user.active ? "users.disable" : "users.enable"), () => void this.SetActive(user), "small")) },
    ], page.items));
  }

  private RoleChoice(user: User): HTMLElement {
    const select = Choice(kRoles.map((role) => [role, t(`role.${role}`)] as const), user.role, (role) => void this.Change(user, { role: role as Role }));
    select.setAttribute("aria-label", t("users.role_of", { name: PersonName(user) }));
    return select;
  }

  private async Change(user: User, change: Partial<User>): Promise<void> {
    try {
      await Patch<User>(`users/${user.user_id}`, change);
      Notify(t("common.saved"));
    } catch (error) {
      Complain(error);
    }
    await this.Reload();
  }

  private async SetActive(user: User): Promise<void> {
    if (user.active && !(await Ask(t("users.disable_title", { name: PersonName(user) }), t("users.disable_warning"), t("users.disable"), true))) return;
    await this.Change(user, { active: !user.active });
  }

  private async Reset(user: User): Promise<void> {
    if (!(await Ask(t("users.reset_title", { name: PersonName(user) }), t("users.reset_warning"), t("users.reset")))) return;
    try {
      const made = await Post<{ user: User; one_time_password: string }>(`users/${user.user_id}/password-reset`);
      await ShowSecret(t("users.password_of", { name: PersonName(user) }), t("users.password_once"), made.one_time_password);
      await this.Reload();
    } catch (error) {
      Complain(error);
    }
  }

  private async Make(): Promise<void> {
    const name = h("input", { type: "text", maxlength: "64", autocomplete: "off", spellcheck: "false" });
    const display = h("input", { type: "text", maxlength: "128", autocomplete: "off" });
    const role = Choice(kRoles.map((one) => [one, `${t(`role.${one}`)} – ${t(`role_long.${one}`)}`] as const), "reviewer");
    let password = "";
    const accepted = await ShowDialog({ title: t("users.make"), body: [Field(t("users.login"), name, t("users.login_hint")), Field(t("users.display"), display), Field(t("users.role"), role)], confirm: t("users.make"), accept: async () => {
      if (name.value.trim() === "") return t("users.login_needed");
      password = (await Post<{ user: User; one_time_password: string }>("users", { name: name.value.trim(), display_name: display.value.trim(), role: role.value })).one_time_password;
      return undefined;
    } });
    if (!accepted) return;
    await ShowSecret(t("users.password_of", { name: display.value.trim() || name.value.trim() }), t("users.password_once"), password);
    await this.Reload();
  }
}

export class KeysView implements View {
  readonly title = "nav.keys" as const;
  readonly element: HTMLElement;
  private readonly box = h("div");

  constructor() {
    this.element = h("div", { class: "stack" }, Head(t("nav.keys"), t("apikeys.lead"), Button(t("apikeys.make"), () => void this.Make(), "primary")), h("div", { class: "card" }, this.box));
    void this.Reload();
  }

  private Reload(): Promise<void> {
    return Load(this.box, () => Get<Page<ApiKey>>("keys", { limit: 200 }), (page) => page.items.length === 0 ? Empty(t("apikeys.none"), t("apikeys.none_hint")) : DataTable(t("nav.keys"), [
      { label: t("apikeys.name"), cell: (key: ApiKey) => h("div", null, h("span", { class: "name" }, key.name), h("div", { class: "soft small-text" }, h("code", null, `${key.prefix}…`))) },
      { label: t("apikeys.owner"), cell: (key) => PersonName(key.owner) },
      { label: t("apikeys.scopes"), cell: (key) => key.scopes.map((scope) => Named("scope", scope)).join(t("common.comma")) },
      { label: t("apikeys.rate"), cell: (key) => String(key.requests_per_minute), class: "num" },
      { label: t("apikeys.expires"), cell: (key) => h("div", null, TimeOf(key.expires_at), key.revoked ? h("div", null, StateChip("key_state", "disabled")) : null), class: "tight" },
      { label: t("apikeys.used"), cell: (key) => (key.last_used_at ? TimeOf(key.last_used_at) : h("span", { class: "soft" }, t("users.never"))), class: "tight" },
      { label: t("common.actions"), class: "tight", cell: (key) => (key.revoked ? null : Button(t("apikeys.revoke"), () => void this.Revoke(key), "small")) },
    ], page.items));
  }

  private async Revoke(key: ApiKey): Promise<void> {
    if (!(await Ask(t("apikeys.revoke_title", { name: key.name }), t("apikeys.revoke_warning"), t("apikeys.revoke"), true))) return;
    try {
      await Delete(`keys/${key.key_id}`);
      Notify(t("apikeys.revoked"));
    } catch (error) {
      Complain(error);
    }
    await this.Reload();
  }

  private async Make(): Promise<void> {
    const name = h("input", { type: "text", maxlength: "128" });
    const days = h("input", { type: "number", min: "1", max: "3650", value: "365" });
    const scopes = kScopes.map((scope) => ({ scope, box: h("input", { type: "checkbox", checked: scope === "read" || scope === "lookup" }) }));
    let secret = "";
    const accepted = await ShowDialog({ title: t("apikeys.make"), confirm: t("apikeys.make"), body: [Field(t("apikeys.name"), name, t("apikeys.name_hint")), Field(t("apikeys.days"), days),
      h("fieldset", { class: "scopes" }, h("legend", null, t("apikeys.scopes")), scopes.map(({ scope, box }) => CheckField(`${Named("scope", scope)} – ${t(`scope_long.${scope}`)}`, box)))], accept: async () => {
      const chosen = scopes.filter(({ box }) => box.checked).map(({ scope }) => scope);
      if (name.value.trim() === "") return t("apikeys.name_needed");
      if (chosen.length === 0) return t("apikeys.scope_needed");
      secret = (await Post<{ key: ApiKey; secret: string }>("keys", { name: name.value.trim(), scopes: chosen, days: Number(days.value) || 365 })).secret;
      return undefined;
    } });
    if (!accepted) return;
    await ShowSecret(t("apikeys.secret"), t("apikeys.secret_once"), secret);
    await this.Reload();
  }
}

export class SystemView implements View {
  readonly title = "nav.system" as const;
  readonly element: HTMLElement;
  private readonly state = h("div");
  private readonly rules = h("div");
  private readonly hooks = h("div");
  private timer = 0;

  constructor() {
    this.element = h("div", { class: "stack" }, Head(t("nav.system"), t("system.lead"), Button(t("common.refresh"), () => void this.Reload())),
      this.state, h("section", { class: "card stack" }, h("h2", null, t("rules.title")), this.rules),
      May("administrator") ? h("section", { class: "card stack" }, h("div", { class: "card-head" }, h("h2", null, t("webhooks.title")), Button(t("webhooks.make"), () => void this.MakeHook(), "small")), h("p", { class: "soft small-text" }, t("webhooks.lead")), this.hooks) : null);
    void this.Reload();
    void this.Rules();
    if (May("administrator")) void this.Hooks();
    this.timer = window.setInterval(() => void this.Reload(), 10000);
  }

  close(): void {
    window.clearInterval(this.timer);
  }

  private Reload(): Promise<void> {
    return Load(this.state, () => Get<SystemState>("system"), (system) => h("div", { class: "card-grid" },
      h("section", { class: "card" }, h("h2", null, t("system.server")), Facts([[t("system.version"), system.version], [t("system.started"), ExactTime(system.started_at)], [t("system.pixels"), system.detector.pixels ?? t("system.absent")], [t("system.descriptor"), system.detector.descriptor ?? t("system.absent")]])),
      h("section", { class: "card" }, h("h2", null, t("nav.library")), Facts([[t("system.pictures"), t("common.count", { n: system.library.pictures })], [t("library.banks"), String(system.library.banks)], [t("system.searchable"), system.library.current ? t("system.current") : t("system.behind")], [t("system.opened"), TimeOf(system.library.opened_at)]])),
      h("section", { class: "card" }, h("h2", null, t("system.queue")), Facts([[t("system.waiting"), t("common.count", { n: system.queue.queued })], [t("system.running"), `${system.queue.running} / ${system.queue.workers}`], [t("system.limit"), t("common.count", { n: system.queue.limit })]])),
      h("section", { class: "card" }, h("h2", null, t("system.storage")), Facts([[t("system.inspections"), t("common.count", { n: system.storage.inspections })], [t("system.free"), Bytes(system.storage.free_bytes)], [t("system.one_picture"), Bytes(system.limits.upload_bytes)], [t("system.pixels_most"), `${Math.round(system.limits.pixels / 1e6)} MP`]]))));
  }

  private Rules(): Promise<void> {
    return Load(this.rules, () => Get<ReviewSettings>("review/settings"), (settings) => {
      const two = Choice((["off", "confirm", "all"] as const).map((one) => [one, t(`rules.two_${one}`)] as const), settings.two_person);
      const reason = h("input", { type: "checkbox", checked: settings.reason_required });
      const save = async () => {
        try {
          await Put<ReviewSettings>("review/settings", { two_person: two.value, reason_required: reason.checked });
          Notify(t("common.saved"));
        } catch (error) {
          Complain(error);
        }
      };
      if (!May("administrator")) return Facts([[t("rules.two_person"), t(`rules.two_${settings.two_person}`)], [t("rules.reason"), t(settings.reason_required ? "common.yes" : "common.no")]]);
      return h("div", { class: "row end" }, Field(t("rules.two_person"), two), CheckField(t("rules.reason"), reason), Button(t("common.save"), () => void save(), "primary"));
    });
  }

  private Hooks(): Promise<void> {
    return Load(this.hooks, () => Get<Page<Webhook>>("webhooks"), (page) => page.items.length === 0 ? h("p", { class: "soft" }, t("webhooks.none")) : DataTable(t("webhooks.title"), [
      { label: t("webhooks.url"), cell: (hook: Webhook) => hook.url },
      { label: t("webhooks.events"), cell: (hook) => hook.events.map((event) => Named("event", event)).join(t("common.comma")) },
      { label: t("webhooks.last"), cell: (hook) => (hook.last_at ? h("span", null, `${hook.last_status ?? "–"} · `, TimeOf(hook.last_at)) : h("span", { class: "soft" }, t("users.never"))), class: "tight" },
      { label: t("common.actions"), class: "tight", cell: (hook) => h("div", { class: "row nowrap" }, Button(t("webhooks.test"), () => void this.HookCall(() => Post(`webhooks/${hook.webhook_id}/test`), t("webhooks.tested")), "small"),
        Button(t("webhooks.remove"), () => void Ask(t("webhooks.remove"), hook.url, t("webhooks.remove"), true).then((yes) => { if (yes) void this.HookCall(() => Delete(`webhooks/${hook.webhook_id}`), t("webhooks.removed")); }), "small")) },
    ], page.items));
  }

  private async HookCall(call: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await call();
      Notify(done);
    } catch (error) {
      Notify(ErrorText(error), "error");
    }
    await this.Hooks();
  }

  private async MakeHook(): Promise<void> {
    const url = h("input", { type: "url", maxlength: "2000", placeholder: "https://" });
    const events = ["job.finished", "inspection.finished", "review.decided", "retroactive.match"].map((event) => ({ event, box: h("input", { type: "checkbox", checked: event === "review.decided" }) }));
    let secret = "";
    const accepted = await ShowDialog({ title: t("webhooks.make"), confirm: t("webhooks.make"), body: [Field(t("webhooks.url"), url), h("fieldset", { class: "scopes" }, h("legend", null, t("webhooks.events")), events.map(({ event, box }) => CheckField(Named("event", event), box)))], accept: async () => {
      const chosen = events.filter(({ box }) => box.checked).map(({ event }) => event);
      if (!/^https?:\/\//.test(url.value.trim())) return t("webhooks.url_needed");
      if (chosen.length === 0) return t("webhooks.event_needed");
      secret = (await Post<{ secret: string }>("webhooks", { url: url.value.trim(), events: chosen })).secret;
      return undefined;
    } });
    if (!accepted) return;
    await ShowSecret(t("webhooks.secret"), t("apikeys.secret_once"), secret);
    await this.Hooks();
  }
}
