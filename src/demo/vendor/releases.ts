import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runUpgate } from "./run-upgate.js";

/** Ledgerly's releases, oldest first. The last one is what this checkout is. */
export const RELEASES = ["8.5.0", "8.6.0", "8.6.1"] as const;
export type ReleaseVersion = (typeof RELEASES)[number];

/** What a release folder holds of the checkout. */
const SHIPPED = [
  "dist",
  "locales",
  "migrations",
  "public",
  "views",
  "demo/CHANGELOG.md",
  "demo/EULA.md",
  "docs/checks.md",
  "package.json",
  "upgate.config.mjs",
];
/** Templates that had another name then. */
const FORMER_NAMES: Readonly<Partial<Record<ReleaseVersion, readonly (readonly [then: string, now: string])[]>>> = {
  "8.5.0": [["partials/state.ejs", "partials/status.ejs"]],
};
const ARCHIVE = "stock-templates.json";

export interface ShippedReleases {
  /** Absolute folder of a release: what an operator uploads. */
  folderOf(version: ReleaseVersion): string;
  /** PEM: what the sites know of the vendor. */
  readonly publicKey: string;
  /** The signed list of releases, absolute. */
  readonly feed: string;
}

/**
 * What the vendor does at release time, three times over: a folder for each release below `folder`, sealed and signed by `upgate seal` with the
 * one before it, and the list of releases, signed by `upgate feed sign`. Templates of the earlier ones are those of demo/earlier; their code is
 * this checkout's.
 */
export async function shipReleases(folder: string): Promise<ShippedReleases> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  // A release runs where its packages are installed; here they are the checkout's.
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"), "junction");
  const key = path.join(folder, "vendor.pem");
  const { publicKey } = JSON.parse(await runUpgate(["seal", "--generate-key", key, "--json"], folder)) as { publicKey: string };
  const folderOf = (version: ReleaseVersion): string => path.join(folder, version);
  for (const [index, version] of RELEASES.entries()) {
    buildRelease(root, folderOf(version), version);
    const before = RELEASES[index - 1];
    await seal(folderOf(version), key, before === undefined ? null : folderOf(before));
  }
  const feed = path.join(folder, "releases.json");
  await runUpgate(["feed", "sign", path.join(root, "demo/releases.json"), "--key", key, "--out", feed], folder);
  return { folderOf, publicKey, feed };
}

function buildRelease(root: string, target: string, version: ReleaseVersion): void {
  for (const name of SHIPPED) cpSync(path.join(root, name), path.join(target, name), { recursive: true });
  const migrations = path.join(target, "migrations");
  for (const one of readdirSync(migrations).filter(
    (name) => !RELEASES.slice(0, RELEASES.indexOf(version) + 1).includes(name as ReleaseVersion),
  ))
    rmSync(path.join(migrations, one), { recursive: true });
  const config = path.join(target, "upgate.config.mjs");
  writeFileSync(config, readFileSync(config, "utf8").replace(/version: "[^"]+"/, `version: "${version}"`));
  // What the vendor writes by hand; the rest of it `upgate seal` adds.
  writeFileSync(path.join(target, "release.json"), `${JSON.stringify({ version, kind: "full", upgradeFrom: ">=8.5.0" }, null, 2)}\n`);
  const templates = path.join(target, "views/demo");
  const earlier = path.join(root, "demo/earlier", version);
  if (existsSync(earlier)) cpSync(earlier, templates, { recursive: true });
  for (const [then, now] of FORMER_NAMES[version] ?? []) renameSync(path.join(templates, now), path.join(templates, then));
}

async function seal(folder: string, key: string, before: string | null): Promise<void> {
  const archive = path.join(folder, ARCHIVE);
  if (before !== null) cpSync(path.join(before, ARCHIVE), archive);
  const previous = before === null ? [] : ["--previous", path.join(before, "release.json")];
  await runUpgate(["seal", "--key", key, "--archive", archive, ...previous], folder);
}
