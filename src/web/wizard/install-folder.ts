import { removeInstallFolder } from "../../upgrade/install-folder.js";
import { type Answer, audit, type Visit } from "./visit.js";

/** Remove the Install Folder, of the done page. */
export async function removeFolder(visit: Visit): Promise<Answer> {
  const { settings } = visit.context;
  // Written first: a folder that is gone without a word would be the worse of both.
  await removeInstallFolder(settings, (folder) => audit(visit, "remove-folder", folder));
  return { kind: "redirect", to: "done" };
}
