import { stockAt, type TemplateFacts } from "../core/template-review.js";
import { ensureSecret } from "../store/secrets.js";
import { whileBusy } from "../store/tables.js";
import { insertTemplateBases, readTemplateBases } from "../store/template-bases.js";
import type { UpgradeContext } from "./context.js";
import { readTemplateFacts } from "./template-facts.js";
import { templateSources } from "./template-sources.js";

/** The caller has seen that the release on disk is the installed one. */
export async function rememberTemplates(context: UpgradeContext, stop?: AbortSignal): Promise<void> {
  const { settings, store } = context;
  const sources = templateSources(settings);
  if (!sources) return;
  const { facts, stock, recorded } = await readTemplateFacts(context, sources);
  if (stop?.aborted) return;
  const concerns = concerning(facts);
  const first = facts.custom.filter(({ template }) => !recorded.has(template.id) && concerns(template.path));
  await whileBusy(() =>
    insertTemplateBases(
      store.knex,
      first.map(({ template: { id, name }, base }) => ({ id, name, base })),
    ),
  );
  // System Health writes nothing; its button needs it.
  await ensureSecret(store.knex, "cookie", store.clock.timestamp());
  if (stop?.aborted) return;
  const bases = await readTemplateBases(store.knex);
  const kept = new Set([...bases.values()].flatMap(({ stock: then }) => (then.kind === "known" ? [then.hash] : [])));
  await sources.memory.remember(facts.version, stock, kept);
}

/** Other files of a theme override nothing, and never have. */
function concerning({ stock, custom, releases }: TemplateFacts): (path: string) => boolean {
  const versions = new Set(custom.map(({ base }) => base.version));
  return (path) => stock.has(path) || [...versions].some((version) => stockAt(releases, version, path).kind === "known");
}
