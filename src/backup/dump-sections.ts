/** Where in a dump a byte lies. `header`: before the first border; `other`: of a kind that this scanner does not know. */
export interface DumpSection {
  readonly kind: "header" | "table" | "data" | "sequence" | "view-placeholder" | "view" | "events" | "routines" | "end" | "other";
  /** The table's, view's or database's; empty for a header, the end and what is not known. */
  readonly name: string;
}

/** Gets the dump's bytes again, cut at the borders of its sections. */
export interface DumpSink {
  section(section: DumpSection): void;
  /** A view of the chunk that was pushed: valid until the next push. */
  bytes(bytes: Buffer): void;
  /** An `ALTER DATABASE` by name, which the tools write around routines; what is returned takes its place. */
  alterDatabase(line: Buffer): Buffer;
}

const BORDERS: readonly [RegExp, DumpSection["kind"]][] = [
  [/^-- Table structure for table `(.*)`\s*$/s, "table"],
  [/^-- Dumping data for table `(.*)`\s*$/s, "data"],
  [/^-- Sequence structure for `(.*)`\s*$/s, "sequence"],
  [/^-- Temporary (?:table|view) structure for view `(.*)`\s*$/s, "view-placeholder"],
  [/^-- Final view structure for view `(.*)`\s*$/s, "view"],
  [/^-- Dumping events for database '(.*)'\s*$/s, "events"],
  [/^-- Dumping routines for database '(.*)'\s*$/s, "routines"],
  [/^-- Dump completed()/, "end"],
];

/** The section that a comment line begins; null: it is no border. */
export function borderOf(line: string): DumpSection | null {
  for (const [pattern, kind] of BORDERS) {
    const name = pattern.exec(line)?.[1];
    if (name !== undefined) return { kind, name: name.replaceAll("``", "`") };
  }
  return null;
}
