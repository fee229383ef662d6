export const CONTENDERS = {
  upgate: { label: "upgate" },
  knex: { label: "knex migrate" },
  control: { label: "knex again" },
  umzug: { label: "umzug" },
  raw: { label: "the statements alone" },
} as const;

export type Contender = keyof typeof CONTENDERS;
export const CONTENDER_NAMES = Object.keys(CONTENDERS) as Contender[];

export interface Run {
  /** From the call to its end, the first connection included, the loading of the packages not. */
  readonly ms: number;
  /** Of the contender's own process in that time. */
  readonly cpuMs: number;
  /** What the server was sent, BEGIN and COMMIT included; the same on a busy machine. */
  readonly queries: number;
  /** upgate's: from the first migration's start to the last one's end, without lease, plan and version row. */
  readonly migrationsMs?: number;
}

/** Of each contender its runs; those of one index were measured next to each other. */
export type Runs = Readonly<Record<Contender, Run[]>>;
