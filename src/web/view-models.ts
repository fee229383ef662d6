import type { Check, Severity } from "../core/check.js";
import type { AvailableUpdate } from "../core/feed-offer.js";
import type { KeptStatements } from "../core/kept-statements.js";
import type { PlannedMigration } from "../core/plan.js";
import type { Rehearsal } from "../core/rehearsal.js";
import type { Remedy } from "../core/remedies.js";
import type { MadeBackup, RunError, RunGoal, RunKind } from "../core/run.js";
import type { RunStep } from "../core/run-step.js";
import type { MaintenanceCode, VersionStateKind } from "../core/version-state.js";
import type { HealthReport } from "../upgrade/health-report.js";
import type { PreviewModel } from "./preview-model.js";
import type { DoneTemplates } from "./template-models.js";

/** What every page of the wizard gets besides its own model. */
export interface PageFrame {
  /** Prefix of every relative link: empty, or the mount's last segment with a slash when the page is the mount itself. */
  readonly base: string;
  readonly brand: { readonly name: string; readonly logoUrl: string | null; readonly supportUrl: string | null };
  /** True when the vendor set an accent colour: `assets/theme.css` holds it. */
  readonly themed: boolean;
  /** Which words the page uses: of the run, or of the one that can be started. */
  readonly kind: RunKind;
  /** The steps shown at the top; empty on pages outside the walk. */
  readonly steps: readonly StepMark[];
  /** For the hidden field `_csrf` of every form. */
  readonly csrf: string;
  /** Of the switch at the foot of the page. */
  readonly languages: readonly LanguageMark[];
  /** The address before `?lang=`, relative. */
  readonly languageBase: string;
  /** Whether the page belongs to a session, which **Sign Out** ends. */
  readonly signedIn: boolean;
}

/** One language of the switch. */
export interface LanguageMark {
  /** BCP 47. */
  readonly tag: string;
  /** As the language calls itself. */
  readonly name: string;
  readonly isCurrent: boolean;
}

export interface StepMark {
  readonly id: string;
  readonly label: string;
  readonly status: "done" | "current" | "todo";
}

export interface KeyModel {
  readonly error: string | null;
  /** Where the operator finds a generated key: a file name below the data folder; null when the vendor set the key. */
  readonly keyFile: string | null;
}

export interface LicenseModel {
  /** Rendered from Markdown, safe to print as it is. */
  readonly html: string;
  readonly error: string | null;
}

/** What the vendor says about the releases in question. */
export interface NotesModel {
  /** Safe HTML, null when there are none. */
  readonly notesHtml: string | null;
  /** Where they are, when they are no file; null: they are one, or there are none. */
  readonly notesUrl: string | null;
}

export interface ReviewModel extends NotesModel {
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly preview: PreviewModel;
  readonly migrationCount: number;
  readonly checks: readonly Check[];
  /** Why the run can't be started in this state, and what to do instead; null when it can. */
  readonly blocked: { readonly reason: string; readonly remedy: string } | null;
  /** True when checks block that the operator may ignore. */
  readonly mayIgnore: boolean;
  /** An error of the last button pressed. */
  readonly error: { readonly reason: string; readonly remedy: string } | null;
}

export interface BackupModel {
  /** Why upgate can't make the backup itself; null when it can. */
  readonly cannotCreate: { readonly reason: string; readonly remedy: string } | null;
  /** The one that was made for this upgrade; nothing has been written since. */
  readonly made: MadeBackup | null;
  /** The latest for the same way from version to version. */
  readonly rehearsal: Rehearsal | null;
  /** How long the site will be closed, s; null without a rehearsal. */
  readonly closingSeconds: number | null;
  /** How long a rehearsal may take, whole minutes. */
  readonly rehearsalMinutes: number;
  readonly databaseLabel: string;
  /** True for an empty database: there is nothing to back up. */
  readonly nothingToLose: boolean;
  /** True when the operator may keep the site closed afterwards, to look at it first. */
  readonly mayHold: boolean;
  readonly error: { readonly reason: string; readonly remedy: string } | null;
}

/** The `status` JSON of the HTTP contract, also sent as server-sent events. */
export interface StatusModel {
  readonly state: { readonly kind: VersionStateKind; readonly codeVersion: string; readonly installedVersion: string | null };
  readonly run: {
    readonly id: string;
    /** `interrupted` is derived: a running run whose process is gone. */
    readonly status: "running" | "interrupted" | "failed" | "completed";
    readonly startedAt: string;
    readonly percent: number;
    readonly etaSeconds: number | null;
    readonly migrations: readonly PlannedMigration[];
    /** What the runner does just now, for people. */
    readonly activity: string;
    /** What the database does just now; null where that is not seen. */
    readonly step: RunStep | null;
    /** One sentence about how far the step is, for people; null while no migration is under way. */
    readonly detail: string | null;
    /** What the migrations have logged last, oldest first. */
    readonly log: readonly { readonly at: string; readonly level: string; readonly migration: string; readonly text: string }[];
    readonly drain: "asked" | "waiting" | null;
  } | null;
}

/** What **Restore the Backup** would bring back. */
export interface RestorableModel extends MadeBackup {
  /** The release it holds. */
  readonly version: string;
  readonly tables: number;
}

export interface ProgressModel {
  readonly status: StatusModel;
  /** `backup`, `rehearsal`: of an upgrade that is being prepared. */
  readonly goal: RunGoal;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  /** True when the process is gone and the operator may resume. */
  readonly interrupted: boolean;
  readonly remedy: string;
  /** How often the site has gone on with it by itself, once it does not try any more; before that null. */
  readonly autoResumes: number | null;
  /** Who runs it: host and process id. */
  readonly holder: string | null;
  /** An error of the last button pressed, e.g. a lost race. */
  readonly error: { readonly reason: string; readonly remedy: string } | null;
  /** Of an interrupted upgrade; null where this machine has no backup that was made for it. */
  readonly restorable: RestorableModel | null;
}

export interface FailedModel {
  readonly reason: string;
  readonly remedy: string;
  /** With `inDoubt` the page asks for one of the two answers instead of offering Retry. */
  readonly error: RunError | null;
  readonly migrations: readonly PlannedMigration[];
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly notice: { readonly reason: string; readonly remedy: string } | null;
  /** Three ways out, the safest first. */
  readonly remedies: readonly Remedy[];
  /** What the change that failed has done before, and what stays done. */
  readonly kept: KeptStatements;
  /** Null where this machine has no backup that was made for it. */
  readonly restorable: RestorableModel | null;
  /** True when upgate was to make a backup first, and could not. */
  readonly lacksBackup: boolean;
}

/** After a restore. */
export interface RestoredModel {
  /** The release that the database is at again. */
  readonly version: string;
  /** The release whose upgrade was taken back; null where none was. */
  readonly takenBack: string | null;
  readonly backup: MadeBackup | null;
  readonly durationMs: number | null;
  /** True when the site is open: the files are of that release. */
  readonly open: boolean;
  /** True when the upgrade can be started again with these files. */
  readonly mayTryAgain: boolean;
  readonly adminUrl: string;
}

export interface DoneModel extends NotesModel {
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly migrations: readonly PlannedMigration[];
  readonly durationMs: number | null;
  /** Nodes that gave no sign of life when the site was closed. */
  readonly passedOver: readonly string[];
  /** True while the site is kept closed to visitors after the run. */
  readonly held: boolean;
  /** Whether the operator can look at it then. */
  readonly mayLook: boolean;
  readonly adminUrl: string;
  /** The vendor's install folder, below the application's; null: there is none (any more). */
  readonly installFolder: string | null;
  /** Custom templates that want a look; null: it can't be told. */
  readonly templates: DoneTemplates | null;
}

/** Pages that only say something: unknown step, refused form, oversized body. */
export interface MessageModel {
  readonly heading: string;
  readonly text: string;
  readonly remedy: string | null;
  /** A link back, relative; null for none. */
  readonly link: { readonly href: string; readonly label: string } | null;
}

/** Of the pages of System Health. */
interface HealthFrame {
  readonly brand: PageFrame["brand"];
  readonly languages: readonly LanguageMark[];
  /** The page's own style sheet, text: printed into a style element whose hash the policy names. */
  readonly css: string;
  /** What links below add to their query, so that a language that was chosen stays; empty: none was. */
  readonly keep: string;
}

export interface HealthModel extends HealthFrame, Omit<HealthReport, "groups"> {
  readonly badge: BadgeModel;
  /** What is new in the code version since the installed one; of a site that is current, in the code version. */
  readonly notes: NotesModel;
  readonly groups: readonly { readonly title: string; readonly checks: readonly HealthCheckModel[] }[];
}

export interface HealthCheckModel extends Check {
  /** What it looks at and what to do: a page of this site, or the vendor's; null: nobody tells. */
  readonly helpUrl: string | null;
}

/** What the documentation says about one check. */
export interface HealthHelpModel extends HealthFrame {
  readonly id: string;
  /** Safe HTML, in English; null: there is no such check of upgate's. */
  readonly html: string | null;
}

export interface BadgeModel {
  readonly codeVersion: string;
  readonly installedVersion: string | null;
  readonly kind: VersionStateKind;
  /** `You are up to date!` when so. */
  readonly label: string;
  /** `Version 8.6.1`. */
  readonly versionText: string;
  readonly severity: Severity;
  /** Where a click leads: the installer when something is to do there, the notes or the files of an update; else null. */
  readonly href: string | null;
  /** A sentence about what is to be put in order besides; null: nothing. */
  readonly hint: string | null;
  /** The release that the vendor's list offers; null: none, or there is no list. */
  readonly update: AvailableUpdate | null;
}

/** The maintenance page: needs no database, no host template, no external asset. */
export interface MaintenanceModel {
  readonly code: MaintenanceCode;
  /** `Err 2` as people read it. */
  readonly label: string;
  readonly name: string;
  readonly message: string | null;
  readonly supportUrl: string | null;
  readonly css: string;
  readonly script: string;
}
