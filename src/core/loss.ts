/** What holds no rows of its own, and can be made again where its text is known. */
export type DefinitionType = "view" | "trigger" | "procedure" | "function" | "event" | "sequence";

/** What a statement takes away of what the database held before. Names as in the statement, unquoted. */
export type Loss =
  | { readonly kind: "drop-database"; readonly database: string }
  | { readonly kind: "drop-table"; readonly table: string }
  | { readonly kind: "drop-column"; readonly table: string; readonly column: string }
  | { readonly kind: "drop-definition"; readonly type: DefinitionType; readonly name: string }
  | { readonly kind: "truncate"; readonly table: string }
  /** The rows of one partition or several. */
  | { readonly kind: "drop-partition"; readonly table: string }
  /** `every` false: those that meet a condition. */
  | { readonly kind: "delete-rows"; readonly table: string; readonly every: boolean }
  /** An UPDATE without a condition. */
  | { readonly kind: "overwrite"; readonly table: string; readonly columns: readonly string[] }
  /** A type that holds less; `from` null: what it is now is not known, so it may. */
  | { readonly kind: "narrow"; readonly table: string; readonly column: string; readonly from: string | null; readonly to: string };

/** `deletes`: rows or columns are gone afterwards. `alters`: values are others, or are cut. `definition`: no data are concerned. */
export type LossGravity = "deletes" | "alters" | "definition";

export function gravityOf({ kind }: Loss): LossGravity {
  switch (kind) {
    case "drop-definition":
      return "definition";
    case "overwrite":
    case "narrow":
      return "alters";
    default:
      return "deletes";
  }
}

/** The gravest; null where nothing is lost. */
export function gravestOf(losses: readonly Loss[]): LossGravity | null {
  const found = new Set(losses.map(gravityOf));
  return (["deletes", "alters", "definition"] as const).find((gravity) => found.has(gravity)) ?? null;
}

/** One sentence for an operator. */
export function describeLoss(loss: Loss): string {
  switch (loss.kind) {
    case "drop-database":
      return `The database ${loss.database} is removed with all its tables.`;
    case "drop-table":
      return `The table ${loss.table} is removed with all its rows.`;
    case "drop-column":
      return `The column ${loss.column} of ${loss.table} is removed with its values.`;
    case "drop-definition":
      return describeDefinition(loss.type, loss.name);
    case "truncate":
      return `All rows of ${loss.table} are deleted.`;
    case "drop-partition":
      return `The rows of a partition of ${loss.table} are deleted.`;
    case "delete-rows":
      return loss.every ? `All rows of ${loss.table} are deleted.` : `The rows of ${loss.table} that meet a condition are deleted.`;
    case "overwrite":
      return `Every row of ${loss.table} gets new values in ${loss.columns.join(", ")}.`;
    case "narrow":
      return loss.from === null
        ? `The column ${loss.column} of ${loss.table} becomes ${loss.to}, which may hold less than it does now.`
        : `The column ${loss.column} of ${loss.table} changes from ${loss.from} to ${loss.to}: what does not fit is lost.`;
  }
}

function describeDefinition(type: DefinitionType, name: string): string {
  switch (type) {
    case "view":
      return `The view ${name} is removed.`;
    case "trigger":
      return `The trigger ${name} is removed.`;
    case "procedure":
      return `The procedure ${name} is removed.`;
    case "function":
      return `The function ${name} is removed.`;
    case "event":
      return `The event ${name} is removed.`;
    case "sequence":
      return `The sequence ${name} is removed.`;
  }
}
