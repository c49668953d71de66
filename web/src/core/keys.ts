// Single-key commands. The newest layer is asked first; a dialog closes the layers below it. They rest while somebody
// types, with Ctrl, Alt or Meta, and when the user has switched them off (WCAG 2.1.4).
import { IsTyping } from "./dom";
import { Preference, SetPreference } from "./preferences";

export interface Command {
  key: string; // KeyboardEvent.key, lower case for letters
  label: () => string;
  run: () => void;
  when?: () => boolean;
}

interface Layer {
  commands: () => readonly Command[];
  modal: boolean;
}

const layers: Layer[] = [];

/** `commands` is asked at each key: what a screen offers changes with what it shows. */
export function PushKeys(commands: () => readonly Command[], modal = false): () => void {
  const layer: Layer = { commands, modal };
  layers.push(layer);
  return () => {
    const index = layers.indexOf(layer);
    if (index >= 0) layers.splice(index, 1);
  };
}

export function KeysAreOn(): boolean {
  return Preference("keys") !== "off";
}

export function SwitchKeys(on: boolean): void {
  SetPreference("keys", on ? "on" : "off");
}

/** Everything that works now, newest layer first, for the help. */
export function ActiveCommands(): Command[] {
  const out: Command[] = [];
  const seen = new Set<string>();
  for (let i = layers.length - 1; i >= 0; --i) {
    for (const command of layers[i].commands()) {
      if (seen.has(command.key) || (command.when && !command.when())) continue;
      seen.add(command.key);
      out.push(command);
    }
    if (layers[i].modal) break;
  }
  return out;
}

function OnKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (!KeysAreOn() || IsTyping(event.target)) return;
  if (document.querySelector("dialog[open]") && layers.length > 0 && !layers[layers.length - 1].modal) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  for (let i = layers.length - 1; i >= 0; --i) {
    const command = layers[i].commands().find((one) => one.key === key && (!one.when || one.when()));
    if (command) {
      event.preventDefault();
      command.run();
      return;
    }
    if (layers[i].modal) return;
  }
}

export function StartKeys(): void {
  document.addEventListener("keydown", OnKey);
}
