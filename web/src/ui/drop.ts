// A place to drop pictures or folders, and buttons for those who do not drag.
import { Child, h } from "../core/dom";
import { t } from "../core/words";
import { LooksLikePicture } from "../logic/upload";
import { IconOf } from "./icons";

export interface NamedFile {
  name: string;
  size: number;
  file: File;
}

const kMostFiles = 20000;

interface Entry {
  isFile: boolean;
  isDirectory: boolean;
  name: string;
  fullPath: string;
  file?: (done: (file: File) => void, failed: (error: unknown) => void) => void;
  createReader?: () => { readEntries: (done: (entries: Entry[]) => void, failed: (error: unknown) => void) => void };
}

async function Walk(entry: Entry, out: NamedFile[]): Promise<void> {
  if (out.length >= kMostFiles) return;
  if (entry.isFile && entry.file) {
    const file = await new Promise<File>((done, failed) => entry.file?.(done, failed));
    out.push({ name: entry.fullPath.replace(/^\//, "") || file.name, size: file.size, file });
  } else if (entry.isDirectory && entry.createReader) {
    const reader = entry.createReader();
    for (;;) {
      const entries = await new Promise<Entry[]>((done, failed) => reader.readEntries(done, failed));
      if (entries.length === 0) return;
      for (const one of entries) await Walk(one, out);
    }
  }
}

/** Files of a drop, with folders walked; what a folder holds beside pictures is left out. */
async function Dropped(data: DataTransfer): Promise<NamedFile[]> {
  const entries: { entry: Entry; folder: boolean }[] = [];
  const plain: NamedFile[] = [];
  for (const item of Array.from(data.items)) {
    const entry = (item as DataTransferItem & { webkitGetAsEntry?: () => Entry | null }).webkitGetAsEntry?.() as Entry | null | undefined;
    if (entry) {
      entries.push({ entry, folder: entry.isDirectory });
    } else {
      const file = item.getAsFile();
      if (file) plain.push({ name: file.name, size: file.size, file });
    }
  }
  for (const { entry, folder } of entries) {
    const found: NamedFile[] = [];
    await Walk(entry, found);
    plain.push(...(folder ? found.filter((one) => LooksLikePicture(one.name)) : found));
  }
  return plain;
}

function FromInput(input: HTMLInputElement): NamedFile[] {
  const files = Array.from(input.files ?? []).map((file) => ({ name: file.webkitRelativePath || file.name, size: file.size, file }));
  input.value = "";
  return input.webkitdirectory ? files.filter((one) => LooksLikePicture(one.name)) : files;
}

export function DropZone(title: string, hint: Child, take: (files: NamedFile[]) => void, options: { folder?: boolean; many?: boolean } = {}): HTMLElement {
  const many = options.many !== false;
  const files: HTMLInputElement = h("input", { type: "file", multiple: many, accept: "image/*,.heic,.heif,.avif", class: "unseen", tabindex: "-1", "aria-label": t("drop.files"), on: { change: () => take(FromInput(files)) } });
  const folder: HTMLInputElement = h("input", { type: "file", class: "unseen", tabindex: "-1", "aria-label": t("drop.folder"), on: { change: () => take(FromInput(folder)) } });
  folder.webkitdirectory = true;
  const zone = h("div", { class: "drop", role: "group", "aria-label": title }, IconOf("inspect", "drop-icon"), h("p", { class: "drop-title" }, title), h("p", { class: "soft small-text" }, hint),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", on: { click: () => files.click() } }, t(many ? "drop.files" : "drop.file")),
      options.folder ? h("button", { type: "button", on: { click: () => folder.click() } }, t("drop.folder")) : null), files, options.folder ? folder : null);
  let depth = 0;
  zone.addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; zone.classList.add("over"); });
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) zone.classList.remove("over"); });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    zone.classList.remove("over");
    if (event.dataTransfer) void Dropped(event.dataTransfer).then((found) => take(many ? found : found.slice(0, 1)));
  });
  return zone;
}
