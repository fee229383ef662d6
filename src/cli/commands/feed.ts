import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import type { ParsedFeedOptions } from "../../core/admin-options.js";
import { messageOf, UpgateError } from "../../core/errors.js";
import { verifyFeed } from "../../release/feed-document.js";
import { FeedRefusal } from "../../release/feed-refusal.js";
import { signed } from "../../release/signature.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { askFeed, type FeedContext } from "../../upgrade/feed/ask-feed.js";
import { supportCheck, updatesCheck } from "../../upgrade/feed/feed-checks.js";
import { type FeedNews, FeedNewsReader } from "../../upgrade/feed/feed-news.js";
import { ensureTables } from "../../store/tables.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { KEY_VARIABLE, readSealKey, type SealKey } from "../seal-key.js";
import type { CommonOptions, Session } from "../verb.js";
import { verb, withSession } from "../verb.js";
import { Terminal } from "../terminal.js";

const ASK_TRIES = 3;

export function feedCommand(): Command {
  const command = new Command("feed").description("ask the vendor for newer releases; for vendors: sign the list of releases");
  command.addCommand(askVerb(), { isDefault: true });
  for (const one of [signVerb(), verifyVerb()]) command.addCommand(one);
  return command;
}

function askVerb(): Command {
  return verb("ask", "ask the vendor now whether there is a newer release", {
    examples: [
      ["upgate feed", "for people"],
      ["upgate feed --json | jq -r .update.version", "for scripts"],
      ["upgate feed; [ $? -eq 10 ] && mail -s update ops < /dev/null", "only when there is one"],
    ],
    exitCodes: [
      [EXIT.done, "there is none"],
      [EXIT.due, "there is one"],
      [EXIT.error, "the vendor could not be asked, or the option feed is not set"],
    ],
  }).action(withSession(ask));
}

async function ask({ context, terminal }: Session): Promise<ExitCode> {
  const feed = { settings: context.settings, store: context.store, feed: requiredFeed(context.settings.options.feed) };
  const news = await orDatabaseError(() => askNow(feed));
  if (news.error !== null) throw new UpgateError("ERR_UPGATE_FEED", `The vendor's list of releases could not be read. ${news.error}`);
  const { update = null, ...others } = news.advice ?? {};
  terminal.result(
    { update, ...others, issuedAt: news.issuedAt, expiresAt: news.expiresAt, takenAt: news.takenAt, signed: news.isSigned },
    newsLines(terminal, news, context.settings.options.version),
  );
  return update === null ? EXIT.done : EXIT.due;
}

function requiredFeed(feed: ParsedFeedOptions | null): ParsedFeedOptions {
  if (feed !== null) return feed;
  throw new UpgateError("ERR_UPGATE_OPTIONS", "The option feed is not set: nobody is asked for newer releases.", {
    remedy: "Set feed.url in the configuration file; docs/feed.md shows how.",
  });
}

/** A node that writes in the same moment only wins once: it has nothing to write for a long time then. */
async function askNow(context: FeedContext): Promise<FeedNews> {
  await ensureTables(context.store);
  for (let tries = 1; tries <= ASK_TRIES && (await askFeed(context, { now: true })) !== "asked"; tries++);
  return new FeedNewsReader(context).read();
}

function newsLines(terminal: Terminal, news: FeedNews, version: string): string[] {
  const checks = [updatesCheck(news), supportCheck(news, version)].filter(({ id, severity }) => id === "updates" || severity !== "ok");
  const { update } = news.advice ?? {};
  return [
    ...checks.flatMap(({ severity, message, remedy }) => [terminal.paintSeverity(severity, message), ...(remedy === null ? [] : [remedy])]),
    ...(update?.title ? [`title    ${update.title}`] : []),
    ...(update?.notesUrl ? [`notes    ${update.notesUrl}`] : []),
  ];
}

function signVerb(): Command {
  return verb(
    "sign",
    "for vendors: sign a list of releases, in place or into another file",
    {
      examples: [["upgate feed sign releases.json --key vendor.pem", "with the key that signs the manifest"]],
      exitCodes: [
        [EXIT.done, "signed"],
        [EXIT.error, "the list does not follow the schema, or the key is no Ed25519 key"],
      ],
    },
    { config: false },
  )
    .argument("<file>", "the list, JSON")
    .option("--key <file>", `the private key, PEM; default: the variable ${KEY_VARIABLE}, a file or the PEM text itself`)
    .option("-o, --out <file>", "where to write it (default: the same file)")
    .action((file: string, options: CommonOptions & { readonly key?: string; readonly out?: string }) => {
      const text = readText(file);
      refusing(file, () => verifyFeed(text, []));
      const out = options.out ?? file;
      const document = signed(JSON.parse(text) as object, requiredKey(options.key).pem);
      writeFileSync(out, `${JSON.stringify(document, null, 2)}\n`);
      new Terminal(options.json ?? false).result({ file: out, keyId: document.signature.keyId }, [
        `Signed by ${document.signature.keyId}: ${out}`,
      ]);
    });
}

function requiredKey(given: string | undefined): SealKey {
  const key = readSealKey(given, process.env);
  if (key !== null) return key;
  throw new UpgateError("ERR_UPGATE_SEAL", "The list can't be signed: no key is given.", {
    remedy: `Name the private key with --key <file>, or in the variable ${KEY_VARIABLE}.`,
  });
}

function verifyVerb(): Command {
  return verb(
    "verify",
    "for vendors: check that a list follows the schema, and that a key has signed it",
    {
      examples: [["upgate feed verify releases.json --public-key vendor.pub.pem", "before it is published"]],
      exitCodes: [
        [EXIT.done, "it is fine"],
        [EXIT.error, "it is not: the message says why"],
      ],
    },
    { config: false },
  )
    .argument("<file>", "the list, JSON")
    .option("--public-key <file>", "the public key, PEM (default: the signature is not checked)")
    .action((file: string, options: CommonOptions & { readonly publicKey?: string }) => {
      const keys = options.publicKey === undefined ? [] : [readText(options.publicKey)];
      const { feed, signedBy } = refusing(file, () => verifyFeed(readText(file), keys));
      new Terminal(options.json ?? false).result(
        { product: feed.product, issuedAt: feed.issuedAt, releases: feed.releases.length, signedBy },
        [
          `${feed.product}: ${feed.releases.length} releases, issued at ${feed.issuedAt}`,
          ...(signedBy === null ? [] : [`Signed by ${signedBy}.`]),
        ],
      );
    });
}

function readText(file: string): string {
  return refusing(file, () => readFileSync(file, "utf8"));
}

/** Whatever is wrong with a file is told with its name. */
function refusing<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof UpgateError) throw cause;
    const remedy =
      cause instanceof FeedRefusal ? "Correct the file; docs/feed.md has the schema." : "Correct the file, or name another one.";
    throw new UpgateError("ERR_UPGATE_FEED", `${file}: ${messageOf(cause)}`, { cause, remedy });
  }
}
