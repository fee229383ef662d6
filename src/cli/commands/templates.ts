import path from "node:path";
import type { Command } from "commander";
import { UpgateError } from "../../core/errors.js";
import type { TemplateReview, TemplateToReview } from "../../core/template-review.js";
import { diffTexts, type TemplateDiff } from "../../release/template-diff.js";
import { orDatabaseError } from "../../upgrade/database-error.js";
import { markTemplateReviewed, readReviewedTemplates, readTemplateReview, type ReviewedTemplate } from "../../upgrade/templates.js";
import { columns } from "../columns.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { operator } from "../operator.js";
import type { Terminal } from "../terminal.js";
import { type Session, verb, withSession } from "../verb.js";

export function templatesCommand(): Command {
  return verb("templates", "list the custom templates that override a stock template which has changed", {
    examples: [
      ["upgate templates", "after an upgrade: what wants a look"],
      ["upgate templates --diff themes/aurora/invoice.ejs", "what the release has changed there"],
      ["upgate templates --mark themes/aurora/*.ejs", "you have looked at them: silent until they change again"],
      ["upgate templates --json | jq -r '.templates[].name'", "the names alone"],
    ],
    exitCodes: [
      [EXIT.done, "nothing to review; with --diff or --mark: done"],
      [EXIT.error, "the options, the database or a file named can't be used"],
      [EXIT.attention, "it lists something"],
    ],
  })
    .option("--diff <file>", "print what the release has changed in the stock template of this one")
    .option("--mark <files...>", "mark these as reviewed")
    .action(withSession(templates));
}

interface TemplatesOptions {
  readonly diff?: string;
  readonly mark?: readonly string[];
}

async function templates(session: Session, { diff, mark }: TemplatesOptions): Promise<ExitCode> {
  const review = await orDatabaseError(() => readTemplateReview(session.context));
  if (!review)
    throw new UpgateError("ERR_UPGATE_TEMPLATE", "The configuration names no templates.", {
      remedy: "Set the option templates: { stock, custom }; docs/templates.md tells how.",
    });
  if (diff !== undefined) return showDiff(session, review, diff);
  if (mark !== undefined) return markAll(session, review, mark);
  session.terminal.result({ ...review }, lines(session.terminal, review));
  return review.templates.length === 0 ? EXIT.done : EXIT.attention;
}

const MEANINGS = { changed: "changed", removed: "removed", renamed: "renamed", added: "new", unknown: "not known" } as const;

function lines(terminal: Terminal, { templates: found, overriding, redundant, skipped, version }: TemplateReview): string[] {
  const rows = found.map((template) => [MEANINGS[template.condition], printable(template.name), printable(commentOn(template, version))]);
  const some = (number: number): string => `${number} custom ${number === 1 ? "template" : "templates"}`;
  return [
    ...(found.length === 0
      ? [terminal.paintSeverity("ok", `Nothing to review: ${some(overriding)} override stock templates that are as they were.`)]
      : [`${some(found.length)} to review:`, ...columns(rows, "  "), "", "What has changed: upgate templates --diff <file>"]),
    ...(redundant.length === 0
      ? []
      : [`Not needed, because they are the same as the release's own: ${redundant.map((name) => printable(name)).join(", ")}`]),
    ...(skipped.length === 0 ? [] : [`Not looked at: ${skipped.map((name) => printable(name)).join(", ")}`]),
  ];
}

function commentOn({ condition, path: stock, renamedTo, fromVersion }: TemplateToReview, version: string): string {
  switch (condition) {
    case "changed":
      return `${stock} has changed from ${fromVersion} to ${version}`;
    case "removed":
      return `${version} has no ${stock} any more: yours overrides nothing now`;
    case "renamed":
      return `${stock} is now ${renamedTo}: move yours there`;
    case "added":
      return `${version} has a ${stock} of its own, which ${fromVersion} had not`;
    case "unknown":
      return `there is no record of the stock templates of ${fromVersion}: compare with care`;
  }
}

async function showDiff({ context, terminal }: Session, review: TemplateReview, file: string): Promise<ExitCode> {
  const { id } = find(context.settings.root, review, file);
  const found = (await readReviewedTemplates(context, (one) => one.id === id))?.reviewed[0];
  if (!found) throw new UpgateError("ERR_UPGATE_TEMPLATE", `There is nothing to review about ${file}.`);
  const { left, right, before, after } = sidesOf(found, review.version);
  const diff = before === null || after === null ? null : diffTexts(before, after);
  terminal.result({ template: found.template, left, right, diff }, [
    terminal.paintSeverity("danger", `--- ${printable(left)}`),
    terminal.paintSeverity("ok", `+++ ${printable(right)}`),
    ...diffLines(terminal, diff),
  ]);
  return EXIT.done;
}

/** The stock template then and now; where one of the two is not known, the operator's own beside the other. */
function sidesOf(
  { template: { path: stock, renamedTo, fromVersion, name }, texts: { earlier, now, own } }: ReviewedTemplate,
  version: string,
): { left: string; right: string; before: string | null; after: string | null } {
  const [past, present] = [`${stock} (stock, ${fromVersion})`, `${renamedTo ?? stock} (stock, ${version})`];
  const yours = `${name} (yours)`;
  if (earlier !== null && now !== null) return { left: past, right: present, before: earlier, after: now };
  if (now !== null) return { left: yours, right: present, before: own, after: now };
  return { left: past, right: yours, before: earlier, after: own };
}

function diffLines(terminal: Terminal, diff: TemplateDiff | null): string[] {
  if (diff === null) return ["There are no two texts to compare: the earlier one is not known, or they are no texts."];
  if (diff.kind === "too-different") return ["They have too little in common to be compared line by line."];
  const signs = { same: " ", removed: "-", added: "+" } as const;
  const paint = { same: (text: string) => text, removed: red(terminal), added: green(terminal) };
  return [
    ...diff.hunks.flatMap(({ header, lines: each }) => [
      terminal.paintSeverity("info", header),
      ...each.map(({ kind, text }) => paint[kind](signs[kind] + printable(text, "\t"))),
    ]),
    ...(diff.hidden > 0 ? [`(${diff.hidden} more lines)`] : []),
  ];
}

function red(terminal: Terminal): (text: string) => string {
  return (text) => terminal.paintSeverity("danger", text);
}

function green(terminal: Terminal): (text: string) => string {
  return (text) => terminal.paintSeverity("ok", text);
}

async function markAll({ context, terminal }: Session, review: TemplateReview, files: readonly string[]): Promise<ExitCode> {
  const wanted = files.map((file) => find(context.settings.root, review, file));
  const marked: string[] = [];
  for (const { id, now } of wanted) marked.push(await orDatabaseError(() => markTemplateReviewed(context, id, now, operator())));
  terminal.result(
    { marked },
    marked.map((name) => `Marked as reviewed: ${printable(name)}`),
  );
  return EXIT.done;
}

/** By its name as listed, or as a path from the working directory. Throws `ERR_UPGATE_TEMPLATE`. */
function find(root: string, { templates: found }: TemplateReview, file: string): TemplateToReview {
  const absolute = path.resolve(file);
  const template = found.find(({ name }) => name === file || path.resolve(root, name) === absolute);
  if (!template) throw new UpgateError("ERR_UPGATE_TEMPLATE", `There is nothing to review about ${printable(file)}.`);
  return template;
}

/** No control characters for the terminal, whatever a file is called or holds. */
function printable(text: string, except = ""): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => (character === except ? character : " "));
}
