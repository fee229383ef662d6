import { again, agree, createBackup, drain, look, open, restore, resume, retry, review, start } from "./actions.js";
import { finish, openWithKey, signOut } from "./entry.js";
import { removeFolder } from "./install-folder.js";
import { backupPage, donePage, failedPage, keyPage, licensePage, progressPage, reviewPage, statusIn, statusModel } from "./pages.js";
import { report } from "./report.js";
import { markTemplate } from "./templates.js";
import type { StepId } from "./steps.js";
import type { Answer, Visit } from "./visit.js";

export interface Route {
  readonly method: "GET" | "POST";
  /** Below the mount. */
  readonly path: string;
  /** The step that it belongs to: answered only when the walk has come there. Null: at any time. */
  readonly step: StepId | null;
  readonly needsSession: boolean;
  readonly handle: (visit: Visit) => Answer | Promise<Answer>;
}

/** Every route of the wizard. */
export const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/",
    step: null,
    needsSession: false,
    handle: (visit) => (visit.session ? { kind: "redirect", to: visit.target } : keyPage(visit)),
  },
  { method: "POST", path: "/key", step: null, needsSession: false, handle: openWithKey },
  { method: "POST", path: "/logout", step: null, needsSession: true, handle: signOut },
  page("/license", "license", (visit) => (visit.hasLicense ? licensePage(visit) : { kind: "redirect", to: "review" })),
  action("/license", "license", agree),
  page("/review", "review", (visit) => reviewPage(visit)),
  action("/review", "review", review),
  page("/backup", "backup", (visit) => backupPage(visit)),
  action("/backup", "backup", createBackup),
  action("/start", "backup", start),
  page("/progress", "progress", (visit) => progressPage(visit)),
  action("/resume", "progress", resume),
  action("/drain", "progress", drain),
  page("/failed", "failed", (visit) => failedPage(visit)),
  action("/retry", "failed", retry),
  { method: "POST", path: "/restore", step: null, needsSession: true, handle: restore },
  { method: "GET", path: "/report", step: null, needsSession: true, handle: report },
  page("/done", "done", donePage),
  action("/look", "done", look),
  action("/open", "done", open),
  action("/remove-folder", "done", removeFolder),
  action("/templates", "done", markTemplate),
  action("/done", "done", finish),
  action("/again", "done", again),
  {
    method: "GET",
    path: "/status",
    step: null,
    needsSession: true,
    handle: ({ status, wording }) => ({ kind: "json", status: 200, body: statusIn(wording, statusModel(status)) }),
  },
  { method: "GET", path: "/events", step: null, needsSession: true, handle: () => ({ kind: "events" }) },
];

export function findRoute(method: string, path: string): Route | "not-found" | "not-allowed" {
  const candidates = ROUTES.filter((route) => route.path === path);
  if (candidates.length === 0) return "not-found";
  return candidates.find((route) => route.method === (method === "HEAD" ? "GET" : method)) ?? "not-allowed";
}

function page(path: string, step: StepId, handle: Route["handle"]): Route {
  return { method: "GET", path, step, needsSession: true, handle };
}

function action(path: string, step: StepId, handle: Route["handle"]): Route {
  return { method: "POST", path, step, needsSession: true, handle };
}
