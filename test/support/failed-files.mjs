import path from "node:path";

/** A reporter: the files with a test that failed, one a line. */
export default async function* failedFiles(events) {
  const files = new Set();
  for await (const { type, data } of events) {
    // The file's own failure has no place in it when the file could not even be loaded.
    if (type === "test:fail" && data.todo === undefined) files.add(path.relative(process.cwd(), data.file ?? data.name));
  }
  for (const file of files) yield `${file}\n`;
}
