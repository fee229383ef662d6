import { doubtOf } from "../core/in-doubt.js";
import type { VersionState } from "../core/version-state.js";
import { doubtLines } from "./in-doubt.js";

/** The verb that does what the state's remedy asks for, or shows how; null where it takes something else, or nothing. */
export function nextVerb(state: Pick<VersionState, "kind" | "run">): string | null {
  switch (state.kind) {
    case "fresh":
    case "behind":
      return "upgate up";
    case "interrupted":
      return "upgate resume";
    case "failed":
      return doubtOf(state) === null ? "upgate retry" : "upgate status";
    case "held":
      return "upgate open";
    case "current":
    case "unversioned":
    case "ahead":
    case "restart":
    case "unsupported":
    case "altered":
    case "running":
    case "unknown":
      return null;
  }
}

/** The state's remedy, said for somebody at a shell. */
export function remedyLines(state: Pick<VersionState, "kind" | "run" | "remedy">): string[] {
  const doubt = doubtOf(state);
  if (doubt !== null) return [state.remedy, "", ...doubtLines(doubt)];
  const verb = nextVerb(state);
  return [verb === null ? state.remedy : `${state.remedy} Or run: ${verb}`];
}
