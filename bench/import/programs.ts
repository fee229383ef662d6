/** What each program does besides importing express and knex; the control does nothing either. */
export const PROGRAMS = {
  host: { file: "host.mjs", label: "express and knex" },
  control: { file: "host.mjs", label: "the same again" },
  imports: { file: "imports.mjs", label: 'and import "upgate"' },
  creates: { file: "creates.mjs", label: "and createUpgate" },
} as const;

export type ProgramName = keyof typeof PROGRAMS;
export const PROGRAM_NAMES = Object.keys(PROGRAMS) as ProgramName[];

/** Of each program its runs, ms from start to exit; those of one index were measured next to each other. */
export type Runs = Readonly<Record<ProgramName, number[]>>;
