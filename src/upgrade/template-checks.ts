import type { Check } from "../core/check.js";
import { attempt } from "./attempt.js";
import type { UpgradeContext } from "./context.js";
import { readTemplateReview } from "./templates.js";

const COMMON = { id: "templates", title: "Templates" } as const;
const NAMES_SHOWN = 5;

/** Whether custom templates override something that has changed; no check without the option `templates`. Never rejects. */
export async function templatesChecks(context: UpgradeContext): Promise<Check[]> {
  if (context.settings.templates === null) return [];
  return [await attempt(COMMON.id, COMMON.title, () => templatesCheck(context))];
}

async function templatesCheck(context: UpgradeContext): Promise<Check> {
  const review = await readTemplateReview(context);
  const names = review?.templates.map(({ name }) => name) ?? [];
  if (names.length === 0)
    return { ...COMMON, severity: "ok", message: "No custom template is concerned by what the release has changed.", remedy: null };
  const shown = names.slice(0, NAMES_SHOWN).join(", ") + (names.length > NAMES_SHOWN ? ", …" : "");
  return {
    ...COMMON,
    severity: "warning",
    message:
      names.length === 1
        ? `One custom template overrides a stock template that has changed: ${shown}`
        : `${names.length} custom templates override stock templates that have changed: ${shown}`,
    remedy:
      "Compare each with what the release has changed, take over what it needs, then mark it as reviewed: on System Health, or with the command upgate templates.",
    action: { href: "?templates", label: "Review the templates" },
  };
}
