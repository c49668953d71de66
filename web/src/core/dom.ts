// Elements from plain calls. Text enters as text nodes only, so that file names, labels and metadata cannot become markup;
// style attributes, markup properties and handlers as strings are refused, as the Content-Security-Policy would do.

export type Child = Node | string | number | null | undefined | false | readonly Child[];
export type Handlers = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
export interface Props {
  class?: string;
  on?: Handlers;
  [attribute: string]: unknown;
}

const kProperties = new Set(["value", "checked", "disabled", "indeterminate", "selected", "hidden", "open", "readOnly", "multiple"]);

/** Links that stay on this server: fragments, paths and blobs. Anything else ("javascript:", other hosts) is refused. */
export function IsLocalUrl(url: string): boolean {
  if (/[\u0000-\u0020\\]/.test(url)) return false;
  if (url.startsWith("blob:")) return true;
  return !/^[a-z][a-z0-9+.-]*:/i.test(url) && !url.startsWith("//");
}

function SetAttribute(element: Element, name: string, value: unknown): void {
  if (value === null || value === undefined || value === false) return;
  const lower = name.toLowerCase();
  if (lower === "style" || lower === "innerhtml" || lower === "outerhtml" || lower === "srcdoc" || lower.startsWith("on"))
    throw new Error(`attribute ${name} is not allowed`);
  const text = value === true ? "" : String(value);
  if ((lower === "href" || lower === "src" || lower === "action") && !IsLocalUrl(text)) return;
  element.setAttribute(name, text);
}

export function Append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) Append(parent, child as readonly Child[]);
    else if (child instanceof Node) parent.appendChild(child);
    else parent.appendChild(document.createTextNode(String(child)));
  }
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props | null,
                                                          ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const late: [string, unknown][] = [];
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === "class") {
      if (value) element.className = String(value);
    } else if (name === "on") {
      for (const [type, handler] of Object.entries(value as Handlers))
        element.addEventListener(type, handler as EventListener);
    } else if (kProperties.has(name)) {
      late.push([name, value]);
    } else {
      SetAttribute(element, name, value);
    }
  }
  Append(element, children);
  // A select takes its value only when its options are there.
  for (const [name, value] of late)
    if (value !== undefined) (element as unknown as Record<string, unknown>)[name] = value;
  return element;
}

export function s<K extends keyof SVGElementTagNameMap>(tag: K, attributes?: Record<string, unknown> | null,
                                                         ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes ?? {})) SetAttribute(element, name, value);
  Append(element, children);
  return element;
}

export function Replace(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  Append(parent, children);
}

let next_id = 0;
export function UniqueId(prefix: string): string {
  next_id += 1;
  return `${prefix}-${next_id}`;
}

export function IsTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "range", "button", "submit", "file"].includes(target.type);
}
