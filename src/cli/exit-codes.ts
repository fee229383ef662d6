/** What the command line's exit codes mean; docs/operations.md and every verb's help tell the same. */
export const EXIT = {
  /** Done, or nothing to do. */
  done: 0,
  /** An error before or without a run: options, database, a state that does not fit, "no" to a question. */
  error: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The run ended in an error. */
  failed: 3,
  /** Another process holds the upgrade, or has taken it over. */
  held: 4,
  /** `status`, `plan`: an upgrade or installation is due. `feed`: a newer release is offered. */
  due: 10,
  /** `status`, `plan`: a run is in progress. */
  running: 11,
  /** `status`, `plan`: somebody has to look: interrupted, failed, wrong files, no version row, unreadable. `repair`, `templates`: it lists something; `seal --check`: files differ. */
  attention: 12,
  /** Ctrl-C: 128 and the signal's number, as shells have it; SIGTERM gives 143. */
  stopped: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
