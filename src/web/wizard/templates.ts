import { isUpgateError } from "../../core/errors.js";
import type { TemplateReview } from "../../core/template-review.js";
import { driverMessage } from "../../store/driver-errors.js";
import { markTemplateReviewed, readReviewedTemplates, readTemplateReview } from "../../upgrade/templates.js";
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
  if (settings.templates === null) return null;
  try {
    const { version, templates } = (await readTemplateReview(context)) as TemplateReview;
    const first = new Set(templates.slice(0, SHOWN).map(({ id }) => id));
    const shown = await readReviewedTemplates(context, ({ id }) => first.has(id));
    const { healthUrl } = settings.options.branding;
    return {
      version,
      count: templates.length,
      templates: shown.map((reviewed) => ({
        ...listedTemplate(reviewed, healthUrl === undefined ? null : `${healthUrl}?template=${reviewed.template.id}`),
        id: reviewed.template.id,
        now: reviewed.template.now ?? "",
        comparison: comparisonOf(reviewed, version, SHOWN_LINES),
      })),
      healthHref: healthUrl === undefined ? null : `${healthUrl}?templates`,
    };
  } catch (error) {
    logger.warn(`upgate: the templates can't be reviewed: ${driverMessage(error)}`);
    return null;
  }
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
