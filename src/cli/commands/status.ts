import type { Command } from "commander";
import type { Severity } from "../../core/check.js";
import type { VersionStateKind } from "../../core/version-state.js";
import { readMigrationWarnings } from "../../upgrade/migration-files.js";
import { offerSentences } from "../../upgrade/feed/feed-checks.js";
import { type FeedNews, feedNewsReader } from "../../upgrade/feed/feed-news.js";
import { describeRunning, isSilent, readLivingNodes } from "../../upgrade/node-checks.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { remedyLines } from "../next-verb.js";
import type { UpgradeContext } from "../../upgrade/context.js";
import { type Session, verb, withSession } from "../verb.js";
import { warningLines } from "../warning-lines.js";

export function statusCommand(): Command {
  return verb("status", "tell whether files and database agree, and what to do if not", {
    examples: [
      ["upgate status", "for people"],
      ["upgate status --json | jq -r .state.kind", "for scripts"],
      ["upgate status; [ $? -eq 10 ] && upgate up --yes", "upgrade only when it is due"],
    ],
    exitCodes: STATE_EXIT_CODES,
  }).action(withSession(status));
}

export const STATE_EXIT_CODES = [
  [EXIT.done, "up to date"],
  [EXIT.due, "an upgrade or installation is due"],
  [EXIT.running, "an upgrade is in progress"],
  [EXIT.attention, "somebody has to look: interrupted, failed, held, wrong files, no version row, unreadable"],
  [EXIT.error, "the options or the configuration file are wrong"],
] as const;

/** The exit code and the colour of a state. */
export function meaningOf(kind: VersionStateKind): { readonly exit: ExitCode; readonly severity: Severity } {
  switch (kind) {
    case "current":
      return { exit: EXIT.done, severity: "ok" };
    case "fresh":
    case "behind":
      return { exit: EXIT.due, severity: "warning" };
    case "running":
      return { exit: EXIT.running, severity: "info" };
    case "unversioned":
    case "ahead":
    case "restart":
    case "unsupported":
    case "altered":
    case "interrupted":
    case "failed":
    case "held":
    case "unknown":
      return { exit: EXIT.attention, severity: "danger" };
  }
}

async function status({ context, upgrader, terminal }: Session): Promise<ExitCode> {
  const state = await upgrader.state();
  const readable = state.kind !== "unknown";
  const { run } = readable ? await upgrader.statusOf(state) : { run: null };
  const warnings = readable ? (await readMigrationWarnings(context)).warnings : [];
  const { exit, severity } = meaningOf(state.kind);
  const nodes = readable ? await readLivingNodes(context) : [];
  const news = readable ? await readNews(context) : null;
  const update = news?.advice?.update ?? null;
  terminal.result({ state, run, nodes, update, warnings }, [
    `${terminal.paintSeverity(severity, state.kind)}  ${state.reason}`,
    ...(state.remedy === "" || exit === EXIT.done ? [] : remedyLines(state)),
    "",
    `code version       ${state.codeVersion}`,
    ...(state.filesVersion === state.codeVersion ? [] : [`files version      ${state.filesVersion}`]),
    `installed version  ${state.installedVersion ?? "none"}`,
    ...(run === null ? [] : [`run                ${run.id}, ${run.status}, ${run.percent} %`]),
    ...nodes.map((node, index) => `${index === 0 ? "nodes" : ""}`.padEnd(19) + describeRunning(node, isSilent(node, context))),
    ...(update === null ? [] : [`update             ${offerSentences(update).join(" ")}`]),
    ...warningLines(terminal, warnings),
  ]);
  return exit;
}

/** What is known: nobody is asked. Null where that is nothing, or can't be read. */
async function readNews({ settings, store }: UpgradeContext): Promise<FeedNews | null> {
  const { feed } = settings.options;
  return feed === null
    ? null
    : feedNewsReader({ settings, store, feed })
        .read()
        .catch(() => null);
}
