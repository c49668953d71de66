// Line icons, drawn here. They stand beside words and are hidden from screen readers.
import { s } from "../core/dom";

const kPaths: Record<string, string> = {
  inspect: "M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3M12 15V4M7.5 8.5 12 4l4.5 4.5",
  queue: "M4 6h10M4 12h10M4 18h7M16.5 17l2 2 4-4.5",
  library: "M4 5h16v14H4zM4 15l4.5-4.5L12 14l3-2.5 5 4.5M15.5 9.2a1 1 0 1 0 .1 0",
  thresholds: "M4 7h9M19 7h1M4 17h3M13 17h7M16 4.5v5M10 14.5v5",
  audit: "M6 3.5h9l4 4V20.5H6zM9 11h7M9 14.5h7M9 7.5h3",
  users: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 19.5c0-3 2.5-5 6-5s6 2 6 5M16 5a3.3 3.3 0 0 1 0 6.4M17.5 14.8c2.2.6 3.5 2.3 3.5 4.7",
  keys: "M8 15.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM11.5 11.5H21v3M17 11.5v2.5",
  system: "M4 5h16v6H4zM4 13h16v6H4zM7 8h.01M7 16h.01M11 8h6M11 16h6",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.3 15.3 20 20",
  confirm: "M4.5 12.5l5 5 10-11",
  dismiss: "M6 6l12 12M18 6 6 18",
  escalate: "M12 19V5M6 11l6-6 6 6",
  inconclusive: "M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1.1-1.4 2.1M12 17.6v.1",
  undo: "M8 5 4 9l4 4M4.5 9H14a5.5 5.5 0 0 1 0 11H9",
  note: "M5 5h14v10H11l-4 4v-4H5z",
  assign: "M10 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM4 19c0-3 2.5-5 6-5M14 17h7M17.5 13.5v7",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.7a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.9-1.1 1.7M12 16.6v.1",
  strong: "M12 3l9 16H3zM12 9.5v4.5M12 16.6v.1",
  moderate: "M12 3.5l8.5 8.5-8.5 8.5L3.5 12zM12 8.5v4M12 15v.1",
  none: "M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  print: "M7 8V4h10v4M7 17H4V9h16v8h-3M7 14h10v6H7z",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  prev: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  menu: "M4 7h16M4 12h16M4 17h16",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  auto: "M12 20a8 8 0 1 0 0-16v16z",
  out: "M14 5H5v14h9M10 12h11M17 8l4 4-4 4",
  conflict: "M7 4v16M17 4v16M3 8l4-4 4 4M13 16l4 4 4-4",
  time: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
  bank: "M4 9l8-5 8 5M5 9v9M9.5 9v9M14.5 9v9M19 9v9M3.5 19.5h17",
};

export type Icon = keyof typeof kPaths;

export function IconOf(name: string, extra = ""): SVGSVGElement {
  return s("svg", { viewBox: "0 0 24 24", class: `icon ${extra}`.trim(), "aria-hidden": "true", focusable: "false" },
    s("path", { d: kPaths[name] ?? kPaths.none }));
}
