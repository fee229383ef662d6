import path from "node:path";
import { type Command, Option } from "commander";
import { filesProblem, type SomePaths } from "../../core/release-files.js";
import { UpgateError } from "../../core/errors.js";
import { compareWithManifest } from "../../release/integrity.js";
import type { ReleaseManifest } from "../../release/manifest.js";
import type { Sealed } from "../../release/sealing.js";
import { type SealingSettings, sealingSettings } from "../../upgrade/sealing-settings.js";
import { EXIT } from "../exit-codes.js";
import { loadConfig } from "../load-config.js";
import { generateKey, isOpenToOthers, KEY_VARIABLE, publicPartOf, readSealKey, type SealKey, signManifest } from "../seal-key.js";
import {
  aboutRelease,
  collect,
  parseRange,
  parseVersion,
  readPrevious,
  readReplaced,
  type ReleaseWords,
  writeManifest,
} from "../seal-manifest.js";
import { Terminal } from "../terminal.js";
import { sealTemplates } from "../seal-templates.js";
import { type CommonOptions, verb } from "../verb.js";

interface SealOptions extends CommonOptions, ReleaseWords {
  readonly key?: string;
  readonly generateKey?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly previous?: readonly string[];
  readonly out?: string;
  readonly check?: boolean;
  /** True: without a file's name. */
  readonly archive?: string | true;
}

export function sealCommand(): Command {
  const text = (value: string): string => value;
  return verb("seal", "for vendors: write release.json with the SHA-256 of every file that the release ships, signed", {
    examples: [
      ["upgate seal --generate-key ~/keys/ledgerly.pem", "once: a key pair; prints the public key for the option publicKey"],
      ["upgate seal --key ~/keys/ledgerly.pem", "in the folder that you ship, at release time"],
      ["upgate seal --key … --kind patch --applies-to ~8.6.0 --previous ../8.6.0/release.json", "a patch set: what changed since"],
      ["upgate seal --check", "compare the files with release.json; write nothing"],
    ],
    exitCodes: [
      [EXIT.done, "sealed; with --check: all files are as sealed"],
      [EXIT.error, "it can't be sealed or compared; nothing was written"],
      [EXIT.attention, "with --check: files or the signature differ"],
    ],
  })
    .option("--key <file>", `the private key, PEM; default: the variable ${KEY_VARIABLE}, a file or the PEM text itself`)
    .option("--generate-key <file>", "write a new private key there, and print its public key")
    .addOption(new Option("--kind <kind>", "default: as release.json says, else full").choices(["full", "patch"]))
    .option("--applies-to <range>", "installed versions that a patch set fits", parseRange)
    .option("--upgrade-from <range>", "installed versions that this release can upgrade", parseRange)
    .option("--required-stop <version>", "a release that must not be skipped; repeatable", collect(parseVersion))
    .option("--pruned-before <version>", "releases before it can't be upgraded any more", parseVersion)
    .option("--include <pattern>", "ship what is left out by default, such as node_modules; repeatable", collect(text))
    .option("--exclude <pattern>", "leave out, as a line of .gitignore; repeatable. See also .upgateignore", collect(text))
    .option("--previous <file>", "the release.json of an earlier release; repeatable. Default: the one that is replaced", collect(text))
    .option("--archive [file]", "write the archive of the templates' texts, too; default: where the option templates.archive says")
    .option("--out <file>", "write the manifest there instead of replacing it")
    .option("--check", "only compare the files with release.json")
    .action(seal);
}

async function seal({ config, json = false, ...options }: SealOptions): Promise<void> {
  const terminal = new Terminal(json);
  if (options.generateKey !== undefined) return newKey(terminal, path.resolve(options.generateKey));
  const settings = sealingSettings(await loadConfig(config));
  if (options.check) return check(terminal, settings);
  const key = readSealKey(options.key, process.env);
  if (key?.file && isOpenToOthers(key.file)) terminal.say(`Others can read ${key.file}. Run: chmod 600 ${key.file}`);
  const { manifest: unsigned, comparedWith } = await sealed(settings, options, key);
  if (unsigned.kind === "patch" && comparedWith.length === 0)
    terminal.say("No earlier release of the range is known (--previous): every file of the folder counts as part of the patch set.");
  const out = options.out === undefined ? settings.manifest : path.resolve(options.out);
  const manifest = signManifest(unsigned, key, settings.publicKeys);
  writeManifest(out, manifest);
  if (key !== null && settings.publicKeys.length === 0)
    terminal.say(`Nobody checks the signature yet. Ship the public key in the option publicKey:\n${publicPartOf(key)}`);
  tell(terminal, out, manifest, comparedWith);
}

async function sealed(settings: SealingSettings, options: SealOptions, key: SealKey | null): Promise<Sealed> {
  // They are for vendors: no other verb loads them.
  const [{ leftOut }, { sealRelease }] = await Promise.all([import("../../release/seal-rules.js"), import("../../release/sealing.js")]);
  const folder = path.dirname(settings.manifest);
  const replaced = readReplaced(settings.manifest);
  const never = [settings.manifest, ...(key?.file ? [key.file] : []), ...(options.out ? [path.resolve(options.out)] : [])];
  const { include = [], exclude = [] } = options;
  const previous = [...(options.previous ?? []).map((file) => readPrevious(path.resolve(file))), ...(replaced ? [replaced] : [])];
  const epoch = Number(process.env["SOURCE_DATE_EPOCH"]);
  return sealRelease({
    folder,
    isLeftOut: leftOut(folder, { include, exclude, own: settings.sites, never }),
    // Before the files are hashed: the archive is one of them.
    templates: await sealTemplates(settings, options.archive, previous),
    about: aboutRelease(settings, replaced, options),
    previous,
    // https://reproducible-builds.org/docs/source-date-epoch/: the same files give the same manifest.
    sealedAt: (epoch > 0 ? new Date(epoch * 1000) : new Date()).toISOString(),
  });
}

function tell(terminal: Terminal, file: string, manifest: ReleaseManifest, comparedWith: readonly string[]): void {
  const { version, kind = "full", appliesTo, files = {}, templates = {}, formerFiles = {}, signature } = manifest;
  const former = Object.keys(formerFiles);
  const count = Object.keys(files).length;
  terminal.result(
    {
      file,
      version,
      kind,
      files: count,
      templates: Object.keys(templates).length,
      former,
      comparedWith,
      keyId: signature?.keyId ?? null,
    },
    [
      `${path.relative(process.cwd(), file) || file}: ${kind === "patch" ? `patch set ${version} for ${appliesTo}` : `release ${version}`}, ${count} files`,
      ...(former.length > 0 ? [`knows files of ${former.join(", ")}`] : []),
      signature ? `signed with the key ${signature.keyId}` : "not signed: name a key with --key",
    ],
  );
}

function newKey(terminal: Terminal, file: string): void {
  const publicKey = generateKey(file);
  terminal.say(`The private key lies in ${file}. Keep it secret, keep a copy of it, and never ship it.`);
  terminal.result({ file, publicKey }, [publicKey.trimEnd()]);
  terminal.say("This is the public key: put it into the option publicKey.");
}

async function check(terminal: Terminal, { manifest, publicKeys }: SealingSettings): Promise<void> {
  const answer = await compareWithManifest({ manifest, publicKeys, known: null });
  if (answer.kind !== "compared") {
    throw new UpgateError("ERR_UPGATE_SEAL", `${manifest} can't be compared with: ${answer.problem}`, {
      remedy: "Seal the release first: upgate seal",
    });
  }
  const { comparison } = answer;
  const { missing, altered, lineEnds, stale, strange, unreadable, leftOver, listed, version, tookMs } = comparison;
  const problem = filesProblem(comparison);
  const list = (word: string, { paths, count }: SomePaths): string[] => [
    ...paths.map((file) => `${word.padEnd(12)}${file}`),
    ...(count > paths.length ? [`${word.padEnd(12)}… (${count})`] : []),
  ];
  terminal.result({ ...comparison, reason: problem?.reason ?? null }, [
    ...list("missing", missing),
    ...list("altered", altered),
    ...list("line ends", lineEnds),
    ...(stale ? list(stale.version, stale) : []),
    ...list("no file", strange),
    ...list("unreadable", unreadable),
    ...list("left over", leftOver),
    ...(comparison.signature === "unasked" ? [] : [`signature   ${comparison.signature}`]),
    problem?.reason ?? `${listed} files are as release ${version} has them (compared in ${tookMs} ms).`,
  ]);
  process.exitCode = problem === null && leftOver.count === 0 ? EXIT.done : EXIT.attention;
}
