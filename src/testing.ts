export type { KillPlace } from "./testing/kill-place.js";
export type { KillAt, KillReport } from "./testing/kill-trials.js";
export { openGate, type OpenGateOptions } from "./testing/open-gate.js";
export type { ReleaseReport } from "./testing/release-trial.js";
export type { LaidDownRelease, Seed } from "./testing/scratch-release.js";
export { testUpgrade, type TestUpgradeOptions, type TestUpgradeReport } from "./testing/test-upgrade.js";
