export { defineConfig } from "./core/config-file.js";
export type { FeedChannel, FeedOptions, TemplateOptions } from "./core/admin-options.js";
export type { Check, Severity } from "./core/check.js";
export type { AvailableUpdate } from "./core/feed-offer.js";
export type { HostCheck, HostCheckAnswer, HostCheckCall, HostFinding } from "./core/host-check.js";
export { UpgateError, type OptionProblem, type UpgateErrorCode } from "./core/errors.js";
export type {
  BackfillOptions,
  BackfillProgress,
  BackfillQuery,
  BackfillResult,
  BackfillRow,
  StandaloneBackfillOptions,
} from "./core/backfill.js";
export type { MigrationContext, MigrationModule, MigrationStep, StatementInDoubt } from "./core/migration.js";
export type {
  MailOptions,
  Notification,
  NotificationEvent,
  NotificationOptions,
  NotifiedRun,
  WebhookOptions,
} from "./core/notification.js";
export type { RunStage, RunStep } from "./core/run-step.js";
export type { RunLogLine } from "./store/run-log.js";
export type {
  BrandingOptions,
  Database,
  DatabaseAccounts,
  InstallerRequest,
  MigrationSource,
  ProbeOptions,
  UpgateOptions,
  VersionRowOptions,
} from "./core/options.js";
export type { PlannedMigration } from "./core/plan.js";
export type { Logger } from "./core/ports.js";
export type { InDoubtAnswer, RunError } from "./core/run.js";
export type { VersionState, VersionStateKind } from "./core/version-state.js";
export type { BaselineOptions } from "./upgrade/baseline.js";
export type { RepairAction } from "./upgrade/migration-checks.js";
export type { Repaired } from "./upgrade/repair.js";
export type { Repairable } from "./upgrade/repairable.js";
export type { RunResult } from "./upgrade/run-result.js";
export type { RunProgress, UpgradeStatus } from "./upgrade/status.js";
export type {
  Confirmation,
  PrepareOptions,
  RestoreOptions,
  RunOptions,
  StartBackup,
  StartedRun,
  StartOptions,
} from "./upgrade/run-requests.js";
export type {
  BackupCall,
  BackupManifest,
  BackupOptions,
  BackupProgress,
  BackupProof,
  BackupTable,
  BackupTool,
  CreateBackupCall,
  CreatedBackup,
  HostBackupDriver,
  ReadBackupCall,
} from "./core/backup.js";
export { backfill } from "./upgrade/standalone-backfill.js";
export type { Upgrader } from "./upgrade/upgrader.js";
export type { Badge } from "./web/badge.js";
export type { Handler } from "./web/http.js";
export type { GuardOptions } from "./web/guard.js";
export type { HostApplication, LoadApplication, ServeOptions } from "./web/serve.js";
export { createUpgate, type Upgate } from "./web/upgate.js";
