/** SHA-256, hex, by which a template's content is known. */
export interface TemplateSums {
  /** With line ends as LF: an upload that changes nothing but those changes nothing. Of a binary file as it is. */
  readonly hash: string;
  /** Of the file as it is. */
  readonly raw: string;
}

/** SHA-256 of the stock templates of one release, by path relative to the stock folder. */
export type StockTemplates = Readonly<Record<string, string>>;

/** A file in one of the theme folders. */
export interface CustomTemplate extends TemplateSums {
  /** Stable while the file keeps its place: 24 hexadecimal digits. */
  readonly id: string;
  /** Where the operator finds it: relative to the application's folder, with `/`. */
  readonly name: string;
  /** Of the stock template that it overrides, relative to the stock folder. */
  readonly path: string;
}

/** What the stock template was when somebody last held the custom one against it: SHA-256; there was none; nobody knows. */
export type EarlierStock = { readonly kind: "known"; readonly hash: string } | { readonly kind: "absent" } | { readonly kind: "unknown" };

export interface TemplateBase {
  /** Of the release that the custom template was made for, or reviewed with. */
  readonly version: string;
  readonly stock: EarlierStock;
  /** ISO 8601, UTC; null: nobody has marked it, it was only seen. */
  readonly reviewedAt: string | null;
}

/**
 * `changed`: the stock template is another one now. `removed`, `renamed`: the custom one overrides nothing any more. `added`: the release has a
 * template of its own there now. `unknown`: it can't be told, for want of a record.
 */
export type TemplateCondition = "changed" | "removed" | "renamed" | "added" | "unknown";

/** A custom template that somebody should look at. */
export interface TemplateToReview extends Pick<CustomTemplate, "id" | "name" | "path"> {
  readonly condition: TemplateCondition;
  /** Where the release has it now; null unless `renamed`. */
  readonly renamedTo: string | null;
  readonly fromVersion: string;
  /** SHA-256 of the stock template then; null: there was none, or it is not known. */
  readonly earlier: string | null;
  /** SHA-256 of the stock template of that path now; null: there is none. What **Mark as Reviewed** writes down. */
  readonly now: string | null;
  readonly reviewedAt: string | null;
}

export interface TemplateReview {
  /** Of the files on disk. */
  readonly version: string;
  /** How many custom templates override a stock one. */
  readonly overriding: number;
  /** By name. */
  readonly templates: readonly TemplateToReview[];
  /** Names of custom templates that are what the release has anyway. */
  readonly redundant: readonly string[];
  /** Names of what could not be read, or is too large; at most a few. */
  readonly skipped: readonly string[];
}

export interface TemplateFacts {
  readonly version: string;
  /** As they lie on disk now. */
  readonly stock: ReadonlyMap<string, TemplateSums>;
  readonly custom: readonly { readonly template: CustomTemplate; readonly base: TemplateBase }[];
  /** Of earlier releases, as far as they are known. */
  readonly releases: ReadonlyMap<string, StockTemplates>;
  /** What has become of the stock templates since a release: old path to new one. */
  readonly renames: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly skipped: readonly string[];
}

/** Which custom templates override something that has changed since they were last looked at. */
export function reviewTemplates(facts: TemplateFacts): TemplateReview {
  const templates: TemplateToReview[] = [];
  const redundant: string[] = [];
  for (const { template, base } of facts.custom) {
    const verdict = judge(template, base, facts);
    if (verdict === "redundant") redundant.push(template.name);
    else if (verdict !== "silent") templates.push(verdict);
  }
  return {
    version: facts.version,
    overriding: facts.custom.filter(({ template }) => facts.stock.has(template.path)).length,
    templates: templates.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    redundant: redundant.toSorted(),
    skipped: facts.skipped,
  };
}

/** The stock template of a path at a release; `unknown` without a record of that release. */
export function stockAt(releases: TemplateFacts["releases"], version: string, path: string): EarlierStock {
  const known = releases.get(version);
  if (!known) return { kind: "unknown" };
  const hash = Object.hasOwn(known, path) ? known[path] : undefined;
  return hash === undefined ? { kind: "absent" } : { kind: "known", hash };
}

/** Whether a recorded sum is that of the file: of its text, or of its bytes. */
export function isSumOf(hash: string, { hash: text, raw }: TemplateSums): boolean {
  return hash === text || hash === raw;
}

function judge(template: CustomTemplate, base: TemplateBase, facts: TemplateFacts): TemplateToReview | "redundant" | "silent" {
  const { id, name, path } = template;
  const now = facts.stock.get(path) ?? null;
  const then = base.stock.kind === "unknown" ? stockAt(facts.releases, base.version, path) : base.stock;
  const renames = facts.renames.get(base.version);
  const found = (condition: TemplateCondition, hash: string | null, renamedTo: string | null = null): TemplateToReview => ({
    id,
    name,
    path,
    condition,
    renamedTo,
    fromVersion: base.version,
    earlier: hash,
    now: now?.hash ?? null,
    reviewedAt: base.reviewedAt,
  });
  if (now === null) {
    if (then.kind !== "known") return "silent";
    const target = renames?.get(path) ?? null;
    return found(target === null ? "removed" : "renamed", then.hash, target);
  }
  if (then.kind === "known" && isSumOf(then.hash, now)) return "silent";
  if (template.hash === now.hash) return "redundant";
  switch (then.kind) {
    case "known":
      return found("changed", then.hash);
    case "unknown":
      return found("unknown", null);
    case "absent": {
      const earlier = renamedFrom(facts.releases.get(base.version), renames, path);
      if (earlier === null) return found("added", null);
      return isSumOf(earlier, now) ? "silent" : found("changed", earlier);
    }
  }
}

/** Whoever has moved a template as told finds it held against the one that the release has moved. */
function renamedFrom(release: StockTemplates | undefined, renames: ReadonlyMap<string, string> | undefined, path: string): string | null {
  for (const [earlier, later] of renames ?? []) if (later === path) return release?.[earlier] ?? null;
  return null;
}
