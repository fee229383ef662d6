interface Program {
  readonly label: string;
  /** Imported one after the other. */
  readonly packages: readonly string[];
  readonly creates: boolean;
}

const HOST = ["express", "knex"];

export const PROGRAMS = {
  host: { label: "express and knex", packages: HOST, creates: false },
  control: { label: "the same again", packages: HOST, creates: false },
  imports: { label: "and upgate", packages: [...HOST, "upgate"], creates: false },
  creates: { label: "and calls createUpgate", packages: [...HOST, "upgate"], creates: true },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;
export const PROGRAM_NAMES = Object.keys(PROGRAMS) as ProgramName[];

export interface Run {
  /** From start to exit. */
  readonly ms: number;
  readonly cpuMs: number;
}

/** Of each program its runs; those of one index were measured next to each other. */
export type Runs = Readonly<Record<ProgramName, Run[]>>;
