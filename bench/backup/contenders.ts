/** What is done with a backup, and who does it. */
export const CONTENDERS = {
  create: {
    pipeline: "mariadb-dump | zstd",
    control: "the same again",
    ours: "upgate, dump",
    oursMydumper: "upgate, mydumper",
    gzip: "mariadb-dump | gzip",
    mydumper: "mydumper -c",
    npm: "npm's mysqldump, not compressed",
  },
  check: { ours: "upgate, dump", oursMydumper: "upgate, mydumper" },
  restore: { pipeline: "zstd -d | mariadb", control: "the same again", ours: "upgate, dump", oursMydumper: "upgate, mydumper" },
} as const;

export type Task = keyof typeof CONTENDERS;
export const TASKS = Object.keys(CONTENDERS) as Task[];
export type Contender = keyof (typeof CONTENDERS)["create"];
export const CONTENDER_NAMES = Object.keys(CONTENDERS.create) as Contender[];

/** upgate's, and the driver that each of them uses. */
const DRIVERS: Readonly<Partial<Record<Contender, string>>> = { ours: "dump", oursMydumper: "mydumper" };

/** Null: it is none of upgate's. */
export const driverOf = (contender: Contender): string | null => DRIVERS[contender] ?? null;

export function labelOf(task: Task, contender: Contender): string {
  return (CONTENDERS[task] as Partial<Record<Contender, string>>)[contender] ?? contender;
}

export interface Run {
  /** upgate's and npm's from the call to its end; the others' from start to exit. */
  readonly ms: number;
  /** Of what it has written; null: nothing. */
  readonly bytes: number | null;
  /** The most that the Node process has had in memory, bytes, and that before it began; null: there is no such process. */
  readonly peak: number | null;
  readonly basePeak: number | null;
  /** The same of it and the programs that it runs. */
  readonly treePeak: number;
}

/** Of each contender its runs; those of one index were measured in the same round. */
export type Runs = Readonly<Record<Contender, Run[]>>;
export type AllRuns = Readonly<Record<Task, Runs>>;

export function noRuns(): AllRuns {
  const runs = (): Runs => Object.fromEntries(CONTENDER_NAMES.map((name) => [name, []])) as unknown as Runs;
  return { create: runs(), check: runs(), restore: runs() };
}
