import type { KeyCheck } from "./key-limit.js";
import { keyPage, messagePage } from "./pages.js";
import { sameSitePath } from "./return-address.js";
import { type Answer, audit, confirmationOf, type Visit } from "./visit.js";

/** In with the install key. */
export async function openWithKey(visit: Visit): Promise<Answer> {
  const { key, sessions, checkKey, body, address, secure } = visit;
  const candidate = body["key"]?.trim() ?? "";
  if (candidate === "") return keyPage(visit, 400, "Enter the install key.");
  const matches = (): Promise<boolean> => key.matches(candidate);
  const check = await checkKey(matches);
  if (check.kind !== "looked") return refuseUnseen(check);
  if (!check.isRight) return refuseKey(visit, check.isLast);
  const session = await sessions.open(address, secure, matches);
  if (session === null) return refuseKey(visit, false);
  await audit(visit, "key-accepted", null, { address, session: session.id });
  return { kind: "redirect", to: "./", cookie: session.cookie };
}

async function refuseKey(visit: Visit, isLast: boolean): Promise<Answer> {
  await audit(visit, "key-failed");
  if (isLast) {
    await audit(visit, "key-limited");
    visit.context.logger.warn(
      `upgate: too many wrong install keys were entered, the last one from ${visit.address}; more are refused for now.`,
    );
  }
  return keyPage(visit, 403, "This is not the install key. Nothing has been changed.");
}

/** Whatever was entered, right or wrong: it has not been looked at. */
function refuseUnseen(check: Exclude<KeyCheck, { kind: "looked" }>): Answer {
  const link = { href: "./", label: "Back to the Installer" };
  if (check.kind === "closed") {
    const text = "The install key can’t be checked just now. Nothing has been changed.";
    return messagePage(503, { heading: "Not Now", text, remedy: "Look into the application’s log: it tells why.", link });
  }
  const retryAfter = Math.max(1, Math.ceil((check.retryAtMs - Date.now()) / 1000));
  const text =
    check.who === "address"
      ? "Too many wrong install keys have been entered from your address. This one was not looked at."
      : "Too many wrong install keys have been entered. This one was not looked at.";
  const time = new Date(Math.ceil(check.retryAtMs / 60_000) * 60_000).toISOString().slice(11, 16);
  const page = messagePage(429, { heading: "Too Many Tries", text, remedy: `Try again after ${time} UTC.`, link });
  return { ...page, retryAfter };
}

/** Sign Out: the session is over, the wizard is not. */
export async function signOut(visit: Visit): Promise<Answer> {
  const { session, state } = visit;
  if (!session) return { kind: "redirect", to: "./" };
  await audit(visit, "sign-out");
  return leave(visit, session.id, state.kind === "current" ? homeOf(visit) : "./");
}

/** Finish. */
export async function finish(visit: Visit): Promise<Answer> {
  const { session, state } = visit;
  // A held site has to be opened first: without a session nobody could.
  if (!session || state.kind === "held") return { kind: "redirect", to: "./" };
  return leave(visit, session.id, homeOf(visit));
}

async function leave(visit: Visit, id: string, to: string): Promise<Answer> {
  const { sessions, key, state } = visit;
  const cookie = await sessions.close(id, state.kind !== "running");
  await key.seal(state, confirmationOf(visit), true);
  return { kind: "redirect", to, cookie };
}

/** The admin area where it lies on this site, else the site itself: a form's redirect must not leave the origin. */
function homeOf({ context }: Visit): string {
  const { branding, installPath } = context.settings.options;
  return (branding.adminUrl === undefined ? null : sameSitePath(branding.adminUrl)) ?? "../".repeat(installPath.split("/").length - 1);
}
