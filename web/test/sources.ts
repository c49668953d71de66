// The console's own sources, for tests that look at them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const root = process.env.CONSOLE_ROOT ?? ".";

export function Sources(extension: string): { path: string; text: string }[] {
  const out: { path: string; text: string }[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(extension)) out.push({ path, text: readFileSync(path, "utf8") });
    }
  };
  walk(join(root, "src"));
  return out;
}
