import { UpgateError } from "../core/errors.js";
import { reviewTemplates, type TemplateReview, type TemplateToReview } from "../core/template-review.js";
import { textOf } from "../release/template-files.js";
import { appendAudit } from "../store/audit.js";
import { ensureTables, whileBusy } from "../store/tables.js";
import { setTemplateBase } from "../store/template-bases.js";
import { auditEntry } from "./audit.js";
import type { UpgradeContext } from "./context.js";
import type { Confirmation } from "./run-requests.js";
import { readTemplateFacts, type TemplateReading } from "./template-facts.js";
import { type TemplateSources, templateSources } from "./template-sources.js";

/** Two texts to hold against each other, and the operator's own; each null where it is not known, not there, or no text. */
export interface TemplateTexts {
  /** The stock template that the custom one was made for. */
  readonly earlier: string | null;
  /** What the release has now: at the same path, or where it was renamed to. */
  readonly now: string | null;
  readonly own: string | null;
}

export interface ReviewedTemplate {
  readonly template: TemplateToReview;
  readonly texts: TemplateTexts;
}

/** Null without the option `templates`. May throw `ERR_UPGATE_DATABASE`'s cause; reads only. */
export async function readTemplateReview(context: UpgradeContext): Promise<TemplateReview | null> {
  const sources = templateSources(context.settings);
  return sources && reviewTemplates((await readTemplateFacts(context, sources)).facts);
}

/** The review, and of its templates those that are asked for with their texts. Null without the option `templates`. */
export async function readReviewedTemplates(
  context: UpgradeContext,
  isWanted: (template: TemplateToReview, index: number) => boolean,
): Promise<{ readonly review: TemplateReview; readonly reviewed: readonly ReviewedTemplate[] } | null> {
  const sources = templateSources(context.settings);
  if (!sources) return null;
  const reading = await readTemplateFacts(context, sources);
  const review = reviewTemplates(reading.facts);
  const reviewed: ReviewedTemplate[] = [];
  const contents = sources.contents();
  for (const template of review.templates.filter(isWanted))
    reviewed.push({ template, texts: await textsOf(template, sources, contents, reading) });
  return { review, reviewed };
}

/**
 * Writes down that somebody has looked at a custom template with the stock one as it is now: it is silent until that changes again. `now`: the
 * SHA-256 that was looked at, null where there was none. Throws `ERR_UPGATE_TEMPLATE` when that is not what lies there.
 */
export async function markTemplateReviewed(context: UpgradeContext, id: string, now: string | null, by: Confirmation): Promise<string> {
  const { store } = context;
  const review = await readTemplateReview(context);
  const template = review?.templates.find((one) => one.id === id);
  if (!review || !template) throw new UpgateError("ERR_UPGATE_TEMPLATE", "There is nothing to review about this template.");
  if (template.now !== now)
    throw new UpgateError("ERR_UPGATE_TEMPLATE", `The release's template of ${template.name} has changed since you looked at it.`);
  const stock = now === null ? ({ kind: "absent" } as const) : ({ kind: "known", hash: now } as const);
  const base = { version: review.version, stock, reviewedAt: store.clock.timestamp() };
  const detail = `${template.name} (${review.version}, ${now === null ? "no stock template" : now.slice(0, 12)})`;
  await ensureTables(store);
  await whileBusy(() =>
    store.knex.transaction(async (trx) => {
      await setTemplateBase(trx, id, template.name, base);
      await appendAudit(trx, auditEntry(store, "template-reviewed", by, detail));
    }),
  );
  return template.name;
}

async function textsOf(
  template: TemplateToReview,
  sources: TemplateSources,
  contents: ReturnType<TemplateSources["contents"]>,
  { stock, custom }: TemplateReading,
): Promise<TemplateTexts> {
  const file = custom.find(({ id }) => id === template.id);
  const path = template.renamedTo ?? template.path;
  return {
    earlier: template.earlier === null ? null : textOf(await contents(template.earlier)),
    now: stock.files.has(path) ? textOf(await sources.content(stock, path)) : null,
    own: file ? textOf(await sources.content(file.folder, file.path)) : null,
  };
}
