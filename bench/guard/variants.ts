/** A server under load: a hello-world, alone or behind a guard. */
export interface Variant {
  readonly label: string;
  readonly framework: "express" | "http";
  /** `empty` calls next and nothing else; `query` asks the database on every request: the guard that one writes by hand. */
  readonly guard: "none" | "empty" | "upgate" | "query";
  readonly gate: "open" | "closed";
}

const BARE = { guard: "none", gate: "open" } as const;

export const VARIANTS = {
  bare: { label: "Express 5, bare", framework: "express", ...BARE },
  control: { label: "Express 5, bare again", framework: "express", ...BARE },
  empty: { label: "Express 5, an empty middleware", framework: "express", guard: "empty", gate: "open" },
  guarded: { label: "Express 5, guard", framework: "express", guard: "upgate", gate: "open" },
  queried: { label: "Express 5, a query per request", framework: "express", guard: "query", gate: "open" },
  maintenance: { label: "Express 5, maintenance page", framework: "express", guard: "upgate", gate: "closed" },
  httpBare: { label: "node:http, bare", framework: "http", ...BARE },
  httpControl: { label: "node:http, bare again", framework: "http", ...BARE },
  httpMaintenance: { label: "node:http, maintenance page", framework: "http", guard: "upgate", gate: "closed" },
  togetherBare: { label: "in one process: Express 5, bare", framework: "express", ...BARE },
  togetherControl: { label: "in one process: Express 5, bare again", framework: "express", ...BARE },
  togetherGuarded: { label: "in one process: Express 5, guard", framework: "express", guard: "upgate", gate: "open" },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;

export const VARIANT_NAMES = Object.keys(VARIANTS) as VariantName[];

/** Served by one process: no two processes of the same program are equally fast, and by more than the guard costs. */
export const TOGETHER: readonly VariantName[] = ["togetherBare", "togetherControl", "togetherGuarded"];

/** Each in a process of its own. */
export const SEPARATE: readonly VariantName[] = VARIANT_NAMES.filter((name) => !TOGETHER.includes(name));

export interface Comparison {
  readonly name: string;
  readonly label: string;
  readonly of: VariantName;
  readonly against: VariantName;
  /** The ratio of the rates should be at least this; what `control` says decides whether that can be told. */
  readonly aim?: { readonly ratio: number; readonly control: string };
  /** The same server twice: how far from 1 the machine's noise alone takes a ratio. */
  readonly isControl?: true;
}

export const COMPARISONS: readonly Comparison[] = [
  { name: "togetherControl", label: "A/A control in one process", of: "togetherControl", against: "togetherBare", isControl: true },
  {
    name: "togetherGuarded",
    label: "guard by bare in one process",
    of: "togetherGuarded",
    against: "togetherBare",
    aim: { ratio: 0.97, control: "togetherControl" },
  },
  { name: "control", label: "A/A control: bare by bare", of: "control", against: "bare", isControl: true },
  { name: "empty", label: "an empty middleware by bare", of: "empty", against: "bare" },
  { name: "guardedByEmpty", label: "guard by an empty middleware", of: "guarded", against: "empty" },
  { name: "guarded", label: "guard by bare", of: "guarded", against: "bare" },
  { name: "queried", label: "a query per request by bare", of: "queried", against: "bare" },
  { name: "maintenance", label: "maintenance page by bare", of: "maintenance", against: "bare", aim: { ratio: 0.8, control: "control" } },
  { name: "httpControl", label: "A/A control on node:http", of: "httpControl", against: "httpBare", isControl: true },
  { name: "httpMaintenance", label: "maintenance page by bare, node:http", of: "httpMaintenance", against: "httpBare" },
];
