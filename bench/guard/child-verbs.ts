/** What a process tells by itself, and when, by the machine's clock, ms. */
export interface Told {
  readonly told: string;
  readonly atMs: number;
}

type Verbs = Readonly<Record<string, (given: never) => unknown>>;

/** For a process that `Child` has started: answers what it is asked; ends with the process that has started it. */
export function answerVerbs(verbs: Verbs, end: () => Promise<void> = async () => undefined): void {
  process.on("message", async ({ verb, given }: { verb: string; given: never }) => {
    process.send?.({ answer: (await verbs[verb]?.(given)) ?? null });
  });
  process.on("disconnect", () => void end().finally(() => process.exit()));
}

export function tell(told: string, atMs: number): void {
  if (process.connected) process.send?.({ told, atMs } satisfies Told);
}
