import type { RunDraft, RunKind } from "../../core/run.js";
import type { VersionStateKind } from "../../core/version-state.js";
import type { StepMark } from "../view-models.js";

/** The wizard's pages in the order of the walk; `failed` stands in the place of `done`. */
export type StepId = "key" | "license" | "review" | "backup" | "progress" | "failed" | "done";

const ORDER: readonly StepId[] = ["key", "license", "review", "backup", "progress", "done"];

/** The first page that the operator has not finished; the one to be sent to. */
export function firstUnfinishedStep(
  kind: VersionStateKind,
  draft: Pick<RunDraft, "licenseAcceptedAt" | "reviewedAt"> | null,
  hasLicense: boolean,
  /** Whether the last thing that was done is a restore. */
  wasRestored = false,
): StepId {
  switch (kind) {
    case "running":
    case "interrupted":
      return "progress";
    case "failed":
      return "failed";
    case "held":
    case "current":
      return "done";
    case "fresh":
    case "behind":
      if (wasRestored && draft === null) return "done";
      if (hasLicense && !draft?.licenseAcceptedAt) return "license";
      return draft?.reviewedAt ? "backup" : "review";
    case "unversioned":
    case "ahead":
    case "restart":
    case "unsupported":
    case "altered":
    case "unknown":
      // The review page says what stands in the way.
      return "review";
  }
}

/** Whether a page may be shown when `target` is the first unfinished one: itself, and those before it as long as nothing has started. */
export function mayShow(page: StepId, target: StepId): boolean {
  if (page === target) return true;
  const beforeStart: readonly StepId[] = ["license", "review", "backup"];
  return beforeStart.includes(page) && beforeStart.includes(target) && ORDER.indexOf(page) < ORDER.indexOf(target);
}

const RUN_STEPS = {
  upgrade: { id: "progress", label: "Upgrade" },
  install: { id: "progress", label: "Install" },
  restore: { id: "progress", label: "Restore" },
} as const satisfies Record<RunKind, { id: StepId; label: string }>;

/** The step indicator's marks. */
export function stepMarks(current: StepId, hasLicense: boolean, kind: RunKind): StepMark[] {
  const steps: readonly { id: StepId; label: string }[] = [
    ...(hasLicense ? [{ id: "license", label: "Licence" } as const] : []),
    { id: "review", label: "Review" },
    kind === "install" ? { id: "backup", label: "Ready" } : { id: "backup", label: "Backup" },
    RUN_STEPS[kind],
    { id: "done", label: "Done" },
  ];
  const at = steps.findIndex(({ id }) => id === (current === "failed" ? "progress" : current));
  return steps.map((step, index) => ({
    ...step,
    status: index < at || current === "done" ? "done" : index === at ? "current" : "todo",
  }));
}
