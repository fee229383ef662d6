import { setImmediate as nextTurn } from "node:timers/promises";
import { isUpgateError } from "../../core/errors.js";
import { driverMessage } from "../../store/driver-errors.js";
import { markTemplateReviewed, readReviewedTemplates, type ReviewedTemplate } from "../../upgrade/templates.js";
import { comparisonOf, listedTemplate } from "../template-comparison.js";
import type { DoneTemplates } from "../template-models.js";
import { type Answer, confirmationOf, type Visit } from "./visit.js";

/** With their changes on the done page; the others are on System Health. */
const SHOWN = 20;
/** Of one template's changes there. */
const SHOWN_LINES = 300;

/** What the done page says about custom templates; null without the option `templates`, or where it can't be told: the upgrade is done all the same. */
export async function doneTemplates({ context }: Visit): Promise<DoneTemplates | null> {
  const { settings, logger } = context;
  try {
    const read = await readReviewedTemplates(context, (_template, index) => index < SHOWN);
    if (read === null) return null;
    const { version, templates } = read.review;
    const { healthUrl } = settings.options.branding;
    return {
      version,
      count: templates.length,
      templates: await compareInTurns(read.reviewed, version, healthUrl ?? null),
      healthHref: healthUrl === undefined ? null : `${healthUrl}?templates`,
    };
  } catch (error) {
    logger.warn(`upgate: the templates can't be reviewed: ${driverMessage(error)}`);
    return null;
  }
}

/** Others are served between two comparisons. */
async function compareInTurns(
  shown: readonly ReviewedTemplate[],
  version: string,
  healthUrl: string | null,
): Promise<DoneTemplates["templates"]> {
  const compared: DoneTemplates["templates"][number][] = [];
  for (const reviewed of shown) {
    const { id, now } = reviewed.template;
    const listed = listedTemplate(reviewed, healthUrl === null ? null : `${healthUrl}?template=${id}`);
    compared.push({ ...listed, id, now: now ?? "", comparison: comparisonOf(reviewed, version, SHOWN_LINES) });
    await nextTurn();
  }
  return compared;
}

/** Mark as Reviewed, of the done page. */
export async function markTemplate(visit: Visit): Promise<Answer> {
  const { template = "", now = "" } = visit.body;
  try {
    await markTemplateReviewed(visit.context, template, now === "" ? null : now, confirmationOf(visit));
  } catch (error) {
    // Marked already, or changed meanwhile: the page shows how it is.
    if (!isUpgateError(error, "ERR_UPGATE_TEMPLATE")) throw error;
  }
  return { kind: "redirect", to: "done#templates-title" };
}
