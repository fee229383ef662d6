import type { Run, RunKind } from "../../core/run.js";
import type { VersionState } from "../../core/version-state.js";
import type { DeferredWrites } from "../../store/deferred-writes.js";
import { isMissingTable } from "../../store/driver-errors.js";
import { readActiveRun } from "../../store/runs.js";
import { type AuditEvent, recordAudit } from "../../upgrade/audit.js";
import type { UpgradeContext } from "../../upgrade/context.js";
import type { InstallKey } from "../../upgrade/install-key.js";
import type { OwnProcess } from "../../upgrade/node-checks.js";
import type { Confirmation } from "../../upgrade/run-requests.js";
import type { UpgradeStatus } from "../../upgrade/status.js";
import type { Upgrader } from "../../upgrade/upgrader.js";
import type { Watcher } from "../../upgrade/watcher.js";
import type { Wording } from "../texts/texts.js";
import type { CheckKey } from "./key-limit.js";
import type { OpenSession, WizardSessions } from "./sessions.js";
import { firstUnfinishedStep, type StepId } from "./steps.js";

/** What all pages of the wizard work with. */
export interface WizardParts {
  readonly context: UpgradeContext;
  readonly watcher: Watcher;
  readonly upgrader: Upgrader;
  readonly key: InstallKey;
  readonly sessions: WizardSessions;
  readonly writes: DeferredWrites;
  /** What this process knows of itself. */
  readonly own: () => Promise<OwnProcess>;
  /** Whether the guard lets the operator look at a held site. */
  readonly offersBypass: () => boolean;
}

/** One request to the wizard, with everything that the pages decide by. */
export interface Visit extends WizardParts {
  readonly state: VersionState;
  readonly status: UpgradeStatus;
  readonly draft: Run | null;
  readonly hasLicense: boolean;
  /** The first unfinished step. */
  readonly target: StepId;
  /** Of the run, or of the one that can be started: which words the pages use. */
  readonly kind: RunKind;
  readonly address: string;
  readonly secure: boolean;
  readonly session: OpenSession | null;
  readonly query: URLSearchParams;
  readonly checkKey: CheckKey;
  readonly body: Readonly<Record<string, string>>;
  /** The language of whoever asks. */
  readonly wording: Wording;
}

/** What a handler answers; the adapter makes HTTP of it. */
export type Answer =
  | {
      readonly kind: "page";
      readonly status: number;
      readonly view: string;
      readonly step: StepId | null;
      readonly model: object;
      /** For `Retry-After`, s. */
      readonly retryAfter?: number;
    }
  | { readonly kind: "redirect"; readonly to: string; readonly cookie?: string }
  | { readonly kind: "json"; readonly status: number; readonly body: object }
  | { readonly kind: "download"; readonly filename: string; readonly type: string; readonly body: string }
  | { readonly kind: "events" };

type VisitRequest = Pick<Visit, "address" | "secure" | "session" | "checkKey" | "query" | "body" | "wording">;

/** Reads what the pages need. Without a session only what the key page shows, which is nothing of the state. */
export async function openVisit(parts: WizardParts, request: VisitRequest): Promise<Visit> {
  const hasLicense = parts.context.settings.release.paths.license !== null;
  if (!request.session) {
    const { state } = parts.watcher;
    const { kind, codeVersion, installedVersion } = state;
    return {
      ...parts,
      ...request,
      state,
      status: { state: { kind, codeVersion, installedVersion }, run: null },
      draft: null,
      hasLicense,
      target: "key",
      kind: "upgrade",
    };
  }
  const state = await parts.watcher.refresh();
  const draft = await readDraft(parts, state);
  const status = await parts.upgrader.statusOf(state);
  const beforeStart = state.kind === "fresh" ? "install" : "upgrade";
  const kind = draft === null ? (status.run?.kind ?? beforeStart) : beforeStart;
  const wasRestored = status.run?.kind === "restore" && status.run.status === "completed";
  return {
    ...parts,
    ...request,
    state,
    status,
    draft,
    hasLicense,
    target: firstUnfinishedStep(state.kind, draft, hasLicense, wasRestored),
    kind,
  };
}

/** Whose word it is. */
export function confirmationOf({ address, session }: Pick<Visit, "address" | "session">): Confirmation {
  return session ? { address, session: session.id } : { address };
}

/** For what the upgrader does not write down itself. */
export function audit(visit: Visit, event: AuditEvent, detail: string | null = null, by = confirmationOf(visit)): Promise<void> {
  return recordAudit(visit.context.store, event, by, detail, (write) => visit.writes.attempt(write));
}

/** A draft for other versions agreed to something else. */
async function readDraft({ context }: WizardParts, { codeVersion, installedVersion }: VersionState): Promise<Run | null> {
  try {
    const run = await readActiveRun(context.store.knex);
    return run?.status === "draft" && run.toVersion === codeVersion && run.fromVersion === installedVersion ? run : null;
  } catch (error) {
    if (isMissingTable(error)) return null;
    throw error;
  }
}
