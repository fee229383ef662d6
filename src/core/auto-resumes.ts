/** How often nodes go on with one run by themselves; what stops it then again is a matter for the operator. */
export const AUTO_RESUME_LIMIT = 3;

/** Name of the fact that counts them. */
export const AUTO_RESUMES_FACT = "auto-resumes";

/** The fact's value: JSON `{ runId, times }` of the run that was resumed last. */
export function autoResumesText(runId: string, times: number): string {
  return JSON.stringify({ runId, times });
}

/** How often nodes have resumed that run by themselves; a fact that is absent or another run's counts 0. */
export function autoResumesOf(text: string | null, runId: string): number {
  if (text === null) return 0;
  const { runId: counted, times } = JSON.parse(text) as { runId: string; times: number };
  return counted === runId ? times : 0;
}
