import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Scratch } from "../scratch.js";
import { type Contender, driverOf, type Run } from "./contenders.js";
import { runTree } from "./process-tree.js";
import type { Site, SiteServer } from "./site.js";
import { dumpFile, plainFile, type Tools } from "./tools.js";

const PROGRAM = fileURLToPath(new URL("program.mjs", import.meta.url));
const SCRATCH_DATABASE = "bench_scratch";

/** A backup that a contender has made. */
export interface Made {
  readonly contender: Contender;
  readonly site: Site;
  readonly folder: string;
  /** upgate's only. */
  readonly id: string | null;
}

interface Answer {
  readonly ms: number;
  readonly peak: number;
  readonly basePeak: number;
  readonly id?: string;
  readonly rows?: number;
  readonly bytes?: number;
}

/** Measures each run by itself, and counts only what was done in full. */
export class Workshop {
  private made = 0;

  constructor(
    private readonly server: SiteServer,
    private readonly tools: Tools,
    private readonly scratch: Scratch,
  ) {}

  async create(contender: Contender, site: Site): Promise<{ run: Run; made: Made }> {
    const folder = this.newFolder();
    await this.settle();
    const driver = driverOf(contender);
    if (driver !== null) {
      const { run, answer } = await this.upgate({ task: "create", url: site.url, driver, dataDir: folder });
      return { run, made: { contender, site, folder, id: answer.id ?? "" } };
    }
    const program = this.tools.dump(contender, site, folder);
    if (program === null) throw new TypeError(`${contender} makes no backups`);
    const { stdout, ...tree } = await runTree(program, this.scratch);
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
    const { ms, peak, basePeak } = contender === "npm" ? (JSON.parse(stdout) as Answer) : { ms: tree.ms, peak: null, basePeak: null };
    return { run: { ms, bytes, peak, basePeak, treePeak: tree.treePeak }, made: { contender, site, folder, id: null } };
  }

  async check({ site, folder, id }: Made): Promise<Run> {
    await this.settle();
    const { run, answer } = await this.upgate({ task: "check", url: site.url, dataDir: folder, id });
    if (answer.rows !== site.rows) throw new Error(`${answer.rows} rows were read instead of ${site.rows}`);
    return run;
  }

  /** Into an empty database. Rejects unless that has the same rows then. */
  async restore({ contender, site, folder, id }: Made): Promise<Run> {
    await this.server.makeEmpty(SCRATCH_DATABASE);
    try {
      await this.settle();
      const run =
        id === null
          ? await this.restoreBy(contender === "npm" ? plainFile(folder) : dumpFile(folder))
          : (await this.upgate({ task: "restore", url: site.url, dataDir: folder, id, scratch: SCRATCH_DATABASE })).run;
      const sums = await this.server.sums(SCRATCH_DATABASE);
      if (sums !== site.sums) throw new Error(`the restored rows are others: ${sums} instead of ${site.sums}`);
      return run;
    } finally {
      await this.server.drop(SCRATCH_DATABASE);
    }
  }

  discard({ folder }: Made): void {
    rmSync(folder, { recursive: true, force: true });
  }

  private async restoreBy(file: string): Promise<Run> {
    const { ms, treePeak } = await runTree(this.tools.restore(file, SCRATCH_DATABASE), this.scratch);
    return { ms, bytes: null, peak: null, basePeak: null, treePeak };
  }

  private async upgate(request: object): Promise<{ run: Run; answer: Answer }> {
    const { stdout, treePeak } = await runTree({ file: process.execPath, args: [PROGRAM, JSON.stringify(request)] }, this.scratch);
    const answer = JSON.parse(stdout) as Answer;
    const { ms, peak, basePeak, bytes } = answer;
    return { run: { ms, peak, basePeak, bytes: bytes ?? null, treePeak }, answer };
  }

  private newFolder(): string {
    const folder = path.join(this.scratch.folder, "backups", String(++this.made));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Nobody pays for what the one before has left to be written. */
  private async settle(): Promise<void> {
    await this.server.settle();
    execFileSync("sync");
  }
}
