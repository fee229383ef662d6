import { setTimeout as pause } from "node:timers/promises";
import type { VersionState } from "../core/version-state.js";
import { ProgressView } from "./progress-view.js";
import type { Session } from "./verb.js";

const LOOK_EVERY_MS = 250;

/** Shows the run of another process until it is over, or its process is gone. Returns the state after it. */
export async function follow({ upgrader, terminal }: Session): Promise<VersionState> {
  const view = new ProgressView(terminal);
  try {
    for (;;) {
      const state = await upgrader.state();
      if (state.kind !== "running") return state;
      const { run } = await upgrader.statusOf(state);
      if (run) view.show(run);
      await pause(LOOK_EVERY_MS);
    }
  } finally {
    view.end();
  }
}
