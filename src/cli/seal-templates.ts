import path from "node:path";
import { UpgateError } from "../core/errors.js";
import type { FileHashes, ReleaseManifest } from "../release/manifest.js";
import type { SealingSettings } from "../upgrade/sealing-settings.js";

/**
 * The sums of the stock templates, null where there are none; with `archive` their texts are written, too, beside those of the releases that
 * `previous` remembers. Throws `ERR_UPGATE_SEAL`.
 */
export async function sealTemplates(
  { version, templates }: SealingSettings,
  archive: string | true | undefined,
  previous: readonly ReleaseManifest[],
): Promise<FileHashes | null> {
  const { hashTemplates } = await import("../release/template-files.js");
  if (archive === undefined) return templates && hashTemplates(templates.stock, templates.custom);
  if (templates === null) throw unfit("There are no templates to archive.", "Name their folder in the option templates.");
  const file = archive === true ? templates.archive : path.resolve(archive);
  if (file === null)
    throw unfit(
      "Nothing says where the archive of the templates goes.",
      "Name the file: --archive <file>, or in the option templates.archive.",
    );
  const [{ writeTemplateArchive }, { templateHistory }] = await Promise.all([
    import("../release/template-archive.js"),
    import("../release/sealing.js"),
  ]);
  const keep = new Set(Object.values(templateHistory(version, previous)).flatMap((hashes) => Object.values(hashes)));
  const written = await writeTemplateArchive(file, { stock: templates.stock, excluded: templates.custom, keep }).catch((cause: Error) => {
    throw new UpgateError("ERR_UPGATE_SEAL", `The archive of the templates can't be written: ${cause.message}`, {
      cause,
      remedy: "Name another file, or take the broken one away.",
    });
  });
  return written.templates;
}

function unfit(message: string, remedy: string): UpgateError {
  return new UpgateError("ERR_UPGATE_SEAL", message, { remedy });
}
