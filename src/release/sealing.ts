import { compareVersions } from "../core/version.js";
import { inRange } from "../core/version-range.js";
import { byPath, formerContents, formerFiles } from "./former-files.js";
import { hashFiles } from "./list-files.js";
import type { FileHashes, ReleaseManifest } from "./manifest.js";
import type { LeftOut } from "./seal-rules.js";

export interface SealRequest {
  /** Absolute: the files lie below it. */
  readonly folder: string;
  readonly isLeftOut: LeftOut;
  /** The stock templates, as `hashTemplates` or `writeTemplateArchive` give them; null: there are none. */
  readonly templates: FileHashes | null;
  /** What the manifest says besides: version, kind, demands, migrations. */
  readonly about: ReleaseManifest;
  /** Manifests of earlier releases, in any order; of the same version: what it remembers of them. */
  readonly previous: readonly ReleaseManifest[];
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
}

export interface Sealed {
  readonly manifest: ReleaseManifest;
  /** Of a patch set: the releases whose files were compared; those that did not change since are left out. */
  readonly comparedWith: readonly string[];
}

type Contents = ReadonlyMap<string, string>;

/** Releases whose templates are remembered: operators may skip many. */
const MOST_TEMPLATE_RELEASES = 50;

/** Reads and hashes every file; writes nothing. The same files give the same manifest. Throws `ERR_UPGATE_SEAL`. */
export function sealRelease({ folder, isLeftOut, templates, about, previous, sealedAt }: SealRequest): Sealed {
  const all = hashFiles(folder, isLeftOut);
  const earlier = contentsOf(previous.filter(({ version }) => version !== about.version));
  for (const { files = {}, formerFiles: former = {} } of previous.filter(({ version }) => version === about.version))
    for (const [version, contents] of formerContents(new Map(Object.entries(files)), former))
      if (!earlier.has(version)) earlier.set(version, contents);
  const bases = about.kind === "patch" ? basesOf(about, earlier) : [];
  const files = about.kind === "patch" ? changedSince(all, bases) : all;
  const remembered = about.kind === "patch" ? only(earlier, files) : earlier;
  const { signature: _signature, files: _files, ...rest } = about;
  const history = templateHistory(about.version, previous);
  const manifest: ReleaseManifest = {
    ...rest,
    sealedAt,
    ...(templates === null ? {} : { templates: objectOf(new Map(Object.entries(templates))) }),
    ...(Object.keys(history).length > 0 ? { templateHistory: history } : {}),
    files: objectOf(files),
    ...formerMember(about.version, files, remembered),
  };
  return { manifest, comparedWith: bases.map(([version]) => version) };
}

/** What each release had in full, of two of a version the first; a patch set lies over the release that it was made for. */
function contentsOf(manifests: readonly ReleaseManifest[]): Map<string, Contents> {
  const contents = new Map<string, Contents>();
  const given = manifests.filter(({ files }) => files !== undefined);
  const each = given.filter(({ version }, index) => given.findIndex((one) => one.version === version) === index);
  for (const manifest of each.toSorted((a, b) => compareVersions(a.version, b.version))) {
    const own = new Map(Object.entries(manifest.files ?? {}));
    const [, base] = manifest.kind === "patch" ? (basesOf(manifest, contents)[0] ?? []) : [];
    const full = base ? new Map([...base, ...own]) : own;
    const former = formerContents(full, manifest.formerFiles ?? {});
    for (const [version, old] of former) if (!contents.has(version)) contents.set(version, old);
    contents.set(manifest.version, full);
  }
  return contents;
}

/** The releases that a patch set fits, newest first. */
function basesOf({ version, appliesTo }: ReleaseManifest, contents: ReadonlyMap<string, Contents>): [version: string, files: Contents][] {
  return [...contents]
    .filter(([one]) => compareVersions(one, version) < 0 && (appliesTo === undefined || inRange(one, appliesTo)))
    .toSorted(([a], [b]) => compareVersions(b, a));
}

/** All files where there is nothing to compare them with: the folder then holds the patch set only. */
function changedSince(all: Contents, bases: readonly (readonly [version: string, files: Contents])[]): Contents {
  if (bases.length === 0) return all;
  return new Map([...all].filter(([file, hash]) => bases.some(([, base]) => base.get(file) !== hash)));
}

function only(earlier: ReadonlyMap<string, Contents>, files: Contents): Map<string, Contents> {
  return new Map([...earlier].map(([version, contents]) => [version, new Map([...contents].filter(([file]) => files.has(file)))]));
}

function formerMember(version: string, files: Contents, earlier: ReadonlyMap<string, Contents>): Pick<ReleaseManifest, "formerFiles"> {
  const former = formerFiles(version, files, earlier);
  return Object.keys(former).length > 0 ? { formerFiles: former } : {};
}

/** The sums of earlier templates by version: what the archive has to keep the texts of. */
export function templateHistory(version: string, previous: readonly ReleaseManifest[]): Record<string, FileHashes> {
  const known = new Map<string, FileHashes>();
  for (const manifest of previous) {
    for (const [one, hashes] of Object.entries(manifest.templateHistory ?? {})) known.set(one, hashes);
    if (manifest.templates) known.set(manifest.version, manifest.templates);
  }
  known.delete(version);
  return Object.fromEntries([...known].toSorted(([a], [b]) => compareVersions(b, a)).slice(0, MOST_TEMPLATE_RELEASES));
}

function objectOf(files: Contents): FileHashes {
  return Object.fromEntries([...files].toSorted(byPath));
}
