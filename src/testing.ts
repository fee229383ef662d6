export type { Kills } from "./testing/boundaries.js";
export { openGate, type OpenGateOptions } from "./testing/open-gate.js";
export type { KillReport, ReleaseReport } from "./testing/release-trial.js";
export type { LaidDownRelease, Seed } from "./testing/scratch-release.js";
export { testUpgrade, type TestUpgradeOptions, type TestUpgradeReport } from "./testing/test-upgrade.js";
