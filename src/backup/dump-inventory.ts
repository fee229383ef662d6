import type { DumpSection } from "./dump-sections.js";

/** What a dump holds, as it shows while the dump is read. Places are bytes from its beginning. */
export class DumpInventory {
  /** Rows of each table in the dump's order; null: a view, or a sequence. */
  readonly tables = new Map<string, number | null>();
  /** From a table's border to the end of its last INSERT, bytes. */
  readonly rowsBytes = new Map<string, number>();
  section: DumpSection = { kind: "header", name: "" };
  /** The end mark was the last thing seen. */
  complete = false;
  private begin = 0;

  /** `end`: of the border. */
  enter(section: DumpSection, end: number): void {
    this.section = section;
    this.begin = end;
    this.complete = section.kind === "end";
    const { kind, name } = section;
    if (kind === "table" && !this.tables.has(name)) this.tables.set(name, 0);
    if (kind === "view" || kind === "view-placeholder" || kind === "sequence") this.tables.set(name, null);
  }

  /** `end`: of the INSERT. */
  insert(rows: number, end: number): void {
    const { kind, name } = this.section;
    this.tables.set(name, (this.tables.get(name) ?? 0) + rows);
    if (kind === "data") this.rowsBytes.set(name, end - this.begin);
  }
}
