import { userInfo } from "node:os";
import type { Confirmation } from "../upgrade/run-requests.js";

/** Who is at the command line, for the audit: the account at the operating system. */
export function operator(): Confirmation {
  return { address: accountName().slice(0, 64), session: "cli" };
}

/** A container's user id may have no account. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
