import { messageOf } from "../core/errors.js";
import { notesBetween, renderMarkdown } from "../release/markdown.js";
import type { UpgradeContext } from "../upgrade/context.js";
import type { NotesModel } from "./view-models.js";

const NONE: NotesModel = { notesHtml: null, notesUrl: null };

/**
 * The notes of every release after `from` up to `to`, newest first; of `to` alone where `from` is null. Or the address where they are. A changelog that
 * can't be read keeps nobody from the rest of a page.
 */
export async function readNotes(
  { settings, logger }: Pick<UpgradeContext, "settings" | "logger">,
  from: string | null,
  to: string,
): Promise<NotesModel> {
  try {
    const found = await settings.release.notes();
    if (found === null) return NONE;
    if ("url" in found) return { notesHtml: null, notesUrl: found.url };
    const section = notesBetween(found.markdown, from, to);
    return { notesHtml: section === null ? null : renderMarkdown(section), notesUrl: null };
  } catch (error) {
    logger.warn(`upgate: the release notes can't be read: ${messageOf(error)}`);
    return NONE;
  }
}
