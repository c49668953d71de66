// What a screen is to the shell.
import type { Command } from "../core/keys";
import type { Key } from "../core/words";

export interface View {
  title: Key;
  element: HTMLElement;
  commands?: () => Command[];
  /** Stops timers and calls when the screen goes. */
  close?: () => void;
}
