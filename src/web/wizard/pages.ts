import { basename } from "node:path";
import { AUTO_RESUME_LIMIT } from "../../core/auto-resumes.js";
import { remediesOf } from "../../core/remedies.js";
import { renderMarkdown } from "../../release/markdown.js";
import { blockingChecks } from "../../core/check.js";
import { readPreflight } from "../../upgrade/preflight.js";
import { presentInstallFolder } from "../../upgrade/install-folder.js";
import { readPreview } from "../../upgrade/preview.js";
import { previewModel } from "../preview-model.js";
import { readNotes } from "../release-notes.js";
import type {
  BackupModel,
  DoneModel,
  FailedModel,
  KeyModel,
  LicenseModel,
  MessageModel,
  ProgressModel,
  RestoredModel,
  ReviewModel,
  StatusModel,
} from "../view-models.js";
import { readKept } from "../../upgrade/failed-run.js";
import type { RunProgress } from "../../upgrade/status.js";
import { NO_OUTLOOK, readOutlook, readRestorable, readRestoreFailure } from "./backups.js";
import { doneTemplates } from "./templates.js";
import type { Wording } from "../texts/texts.js";
import type { StepId } from "./steps.js";
import type { Answer, Visit } from "./visit.js";

/** A reason and a remedy above a page's form. */
export type Notice = { readonly reason: string; readonly remedy: string } | null;

export function keyPage({ key }: Visit, status = 200, error: string | null = null): Answer {
  const model: KeyModel = { error, keyFile: key.file === null ? null : basename(key.file) };
  return { kind: "page", status, view: "key", step: null, model };
}

export async function licensePage({ context }: Visit, status = 200, error: string | null = null): Promise<Answer> {
  const license = await context.settings.release.license();
  const model: LicenseModel = { html: renderMarkdown(license?.markdown ?? ""), error };
  return page("license", status, model);
}

export async function reviewPage({ context, state, upgrader }: Visit, status = 200, error: Notice = null): Promise<Answer> {
  const startable = state.kind === "behind" || state.kind === "fresh";
  const plan = startable ? await upgrader.plan() : [];
  const checks = await readPreflight(context);
  const versions = { fromVersion: state.installedVersion, toVersion: state.codeVersion };
  const model: ReviewModel = {
    ...versions,
    preview: previewModel(await readPreview(context, { migrations: plan, ...versions, runId: null })),
    migrationCount: plan.length,
    checks,
    ...(await readNotes(context, state.installedVersion, state.codeVersion)),
    blocked: startable ? null : { reason: state.reason, remedy: state.remedy },
    mayIgnore: startable && blockingChecks(checks).length > 0,
    error,
  };
  return page("review", status, model);
}

export async function backupPage(visit: Visit, status = 200, error: Notice = null): Promise<Answer> {
  const { context, state, draft, offersBypass } = visit;
  const nothingToLose = state.kind === "fresh";
  const outlook = nothingToLose ? NO_OUTLOOK : await readOutlook(context, draft);
  const model: BackupModel = {
    ...outlook,
    databaseLabel: context.store.source.label,
    nothingToLose,
    mayHold: offersBypass(),
    error: error ?? (draft?.error ? { reason: draft.error.message, remedy: draft.error.remedy } : null),
  };
  return page("backup", status, model);
}

export async function progressPage(visit: Visit, status = 200, error: Notice = null): Promise<Answer> {
  const { state, watcher, context } = visit;
  const { run } = visit.status;
  const holder = watcher.last?.lease?.holder ?? null;
  const model: ProgressModel = {
    status: statusModel(visit.status),
    goal: run?.goal ?? "upgrade",
    fromVersion: run?.fromVersion ?? state.installedVersion,
    toVersion: run?.toVersion ?? state.codeVersion,
    interrupted: state.kind === "interrupted",
    remedy: state.remedy,
    autoResumes: (state.autoResumes ?? 0) >= AUTO_RESUME_LIMIT ? (state.autoResumes as number) : null,
    holder: holder ? `${holder.host} (process ${holder.pid})` : null,
    error,
    restorable: state.kind === "interrupted" ? await readRestorable(context, run) : null,
  };
  return page("progress", status, model);
}

export async function failedPage({ context, state, status: { run } }: Visit, status = 200, notice: Notice = null): Promise<Answer> {
  const refused = await readRestoreFailure(context, run);
  const restorable = await readRestorable(context, run);
  const error = run?.error ?? null;
  const facts = { kind: run?.kind ?? "upgrade", fromVersion: run?.fromVersion ?? null, toVersion: run?.toVersion ?? state.codeVersion };
  const model: FailedModel = {
    reason: run?.error?.message ?? state.reason,
    remedy: run?.error?.remedy ?? state.remedy,
    error,
    migrations: run?.migrations ?? [],
    fromVersion: run?.fromVersion ?? state.installedVersion,
    toVersion: run?.toVersion ?? state.codeVersion,
    notice: notice ?? (refused && { reason: refused.message, remedy: refused.remedy }),
    restorable,
    remedies: remediesOf({ ...facts, error, hasBackup: restorable !== null }),
    kept: run ? await readKept(context.store, run.id, error) : { statements: [], more: 0 },
    lacksBackup: run?.backup?.kind === "wanted",
  };
  return page("failed", status, model);
}

export async function donePage(visit: Visit): Promise<Answer> {
  const { context, state, offersBypass } = visit;
  const { run } = visit.status;
  const { branding } = context.settings.options;
  if (run?.kind === "restore") return restoredPage(visit, run);
  const model: DoneModel = {
    fromVersion: run?.fromVersion ?? null,
    toVersion: state.codeVersion,
    migrations: run?.migrations ?? [],
    durationMs: run?.finishedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null,
    passedOver: run?.passedOver ?? [],
    held: state.kind === "held",
    mayLook: offersBypass(),
    adminUrl: branding.adminUrl ?? "/admin",
    installFolder: presentInstallFolder(context.settings),
    templates: run?.kind === "install" ? null : await doneTemplates(visit),
    ...(await readNotes(context, run?.fromVersion ?? null, state.codeVersion)),
  };
  return page("done", 200, model);
}

function restoredPage({ context, state }: Visit, run: RunProgress): Answer {
  const model: RestoredModel = {
    version: run.toVersion,
    takenBack: run.fromVersion === run.toVersion ? null : run.fromVersion,
    backup: run.backup?.made ?? null,
    durationMs: run.finishedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null,
    open: state.kind === "current",
    mayTryAgain: state.kind === "behind",
    adminUrl: context.settings.options.branding.adminUrl ?? "/admin",
  };
  return { kind: "page", status: 200, view: "restored", step: null, model };
}

export function messagePage(status: number, model: MessageModel): Extract<Answer, { kind: "page" }> {
  return { kind: "page", status, view: "message", step: null, model };
}

/** The `status` JSON of the HTTP contract. */
export function statusModel({ state, run }: Visit["status"]): StatusModel {
  if (!run) return { state, run: null };
  const { id, status, startedAt, percent, etaSeconds, migrations, activity, step, detail, log, drain } = run;
  return { state, run: { id, status, startedAt, percent, etaSeconds, migrations, activity, step, detail, log, drain } };
}

/** The same with its sentences in the reader's language. */
export function statusIn(wording: Wording, { state, run }: StatusModel): StatusModel {
  if (!run) return { state, run };
  return { state, run: { ...run, activity: wording.m(run.activity), detail: run.detail === null ? null : wording.m(run.detail) } };
}

function page(view: Exclude<StepId, "key">, status: number, model: object): Answer {
  return { kind: "page", status, view, step: view, model };
}
