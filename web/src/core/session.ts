// Who is signed in, and what the role allows. The server decides; the console only hides what would be refused.
import { kRoles, Role, Session } from "./model";
import { UseSession } from "./api";

let current: Session | null = null;

export function SetSession(session: Session | null): void {
  current = session;
  UseSession(session);
}

export function Me(): Session | null {
  return current;
}

export function May(role: Role): boolean {
  return current !== null && kRoles.indexOf(current.user.role) >= kRoles.indexOf(role);
}
