import { type AddedTemplate, findRenames, type RemovedTemplate } from "../core/template-renames.js";
import { stockAt, type StockTemplates, type TemplateBase, type TemplateFacts } from "../core/template-review.js";
import { compareVersions, parseInstalledVersion } from "../core/version.js";
import { textOf, type TemplateFolder } from "../release/template-files.js";
import { orAbsent } from "../store/driver-errors.js";
import { readLatestRuns } from "../store/runs.js";
import { readTemplateBases } from "../store/template-bases.js";
import { readVersionRow } from "../store/version-row.js";
import type { UpgradeContext } from "./context.js";
import type { CustomFile, TemplateSources } from "./template-sources.js";

/** What the review is made of, and where the files lie. */
export interface TemplateReading {
  readonly facts: TemplateFacts;
  readonly stock: TemplateFolder;
  readonly custom: readonly CustomFile[];
  /** Ids of those whose base is in the database. */
  readonly recorded: ReadonlySet<string>;
}

/** More removed or added templates than this, or longer ones (characters), are compared by their content only, not by their lines. */
const MOST_COMPARED = 40;
const LONGEST_COMPARED = 64 * 1024;
/** Among so many of the latest runs the one is looked for that has brought the installed release. */
const RUNS_LOOKED_AT = 50;

/** Files, records and releases. Reads only. */
export async function readTemplateFacts({ settings, store }: UpgradeContext, sources: TemplateSources): Promise<TemplateReading> {
  const [stock, custom, releases, bases, before] = await Promise.all([
    sources.stock(),
    sources.custom(),
    sources.releases(),
    orAbsent(() => readTemplateBases(store.knex), new Map<string, TemplateBase>()),
    releaseBefore({ settings, store }),
  ]);
  const version = settings.release.filesVersion();
  const held = custom.files.map((template) => ({
    template,
    base: bases.get(template.id) ?? firstBase(template, { version, stock, releases, before }),
  }));
  const renames = new Map<string, ReadonlyMap<string, string>>();
  for (const of of new Set(held.map(({ base }) => base.version))) {
    const release = releases.get(of);
    if (release && of !== version) renames.set(of, await renamesSince(sources, release, stock));
  }
  return {
    facts: { version, stock: stock.files, custom: held, releases, renames, skipped: custom.skipped },
    stock,
    custom: custom.files,
    recorded: new Set(bases.keys()),
  };
}

/** The release that the site came from; `atMs`: whatever is older was made for it, ms since 1970. */
interface ReleaseBefore {
  readonly version: string;
  readonly atMs: number;
}

/** Null: the site has had no other release, or none that upgate knows of. */
async function releaseBefore({ settings, store }: Pick<UpgradeContext, "settings" | "store">): Promise<ReleaseBefore | null> {
  const row = await orAbsent(() => readVersionRow(store.knex, store.versionRow), { kind: "absent" } as const);
  const installed = row.kind === "text" ? parseInstalledVersion(row.text) : null;
  if (installed === null) return null;
  // The files are there already, the upgrade is not.
  if (compareVersions(installed, settings.release.filesVersion()) !== 0) return { version: installed, atMs: Infinity };
  const runs = await orAbsent(() => readLatestRuns(store.knex, RUNS_LOOKED_AT), []);
  const run = runs.find(({ kind, status, toVersion }) => kind === "upgrade" && status === "completed" && toVersion === installed);
  return run?.fromVersion && run.startedAt ? { version: run.fromVersion, atMs: Date.parse(run.startedAt) } : null;
}

interface FirstSight {
  readonly version: string;
  readonly stock: TemplateFolder;
  readonly releases: ReadonlyMap<string, StockTemplates>;
  readonly before: ReleaseBefore | null;
}

/** What a custom template that nobody has written down yet was made for: by its age the release before, or the present one. */
function firstBase({ path, mtimeMs }: CustomFile, { version, stock, releases, before }: FirstSight): TemplateBase {
  if (before !== null && mtimeMs < before.atMs)
    return { version: before.version, stock: stockAt(releases, before.version, path), reviewedAt: null };
  const now = stock.files.get(path);
  return { version, stock: now ? { kind: "known", hash: now.hash } : { kind: "absent" }, reviewedAt: null };
}

async function renamesSince(sources: TemplateSources, release: StockTemplates, stock: TemplateFolder): Promise<Map<string, string>> {
  const gone = Object.entries(release).filter(([path]) => !stock.files.has(path));
  const come = [...stock.files.values()].filter(({ path }) => !Object.hasOwn(release, path));
  if (gone.length === 0 || come.length === 0) return new Map();
  const withTexts = gone.length <= MOST_COMPARED && come.length <= MOST_COMPARED;
  const contents = sources.contents();
  const removed: RemovedTemplate[] = [];
  for (const [path, hash] of gone) removed.push({ path, hash, text: withTexts ? short(textOf(await contents(hash))) : null });
  const added: AddedTemplate[] = [];
  for (const file of come) added.push({ ...file, text: withTexts ? short(textOf(await sources.content(stock, file.path))) : null });
  return findRenames(removed, added);
}

function short(text: string | null): string | null {
  return text !== null && text.length <= LONGEST_COMPARED ? text : null;
}
