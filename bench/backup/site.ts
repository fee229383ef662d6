import { chmodSync } from "node:fs";
import knexFactory, { type Knex } from "knex";
import { startMariaDb } from "../../test/support/mariadb.js";
import type { Scratch } from "../scratch.js";
import { settle } from "../settle.js";
import { Invented } from "./invented.js";

/** Rows and logs stay in memory: what is compared is the work, not how fast the disk happens to be. */
const SETTINGS = ["--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M", "--max-allowed-packet=64M"];
const MB = 1_000_000;
const INSERT_BYTES = 1_000_000;
/** Of the whole. */
const SHARES = { articles: 0.5, events: 0.2, pictures: 0.3 };
/** Of the values of a row of `events`, about. */
const EVENT_BYTES = 52;

const TABLES = Object.keys(SHARES);
const CREATE = [
  `CREATE TABLE articles (
    id INT AUTO_INCREMENT PRIMARY KEY, slug VARCHAR(190) NOT NULL, title VARCHAR(190) NOT NULL, state ENUM('draft', 'public', 'gone') NOT NULL,
    author_name VARCHAR(120) NOT NULL, author_mail VARCHAR(190) NOT NULL, summary TEXT NOT NULL, body MEDIUMTEXT NOT NULL, notes TEXT NULL,
    options JSON NULL, section_id INT NOT NULL, views INT NOT NULL, price DECIMAL(10, 2) NULL, weight DOUBLE NOT NULL,
    published_at DATETIME NULL, created_at DATETIME NOT NULL, updated_at TIMESTAMP NOT NULL, UNIQUE KEY (slug), KEY (section_id, state)
  )`,
  `CREATE TABLE events (
    id BIGINT AUTO_INCREMENT PRIMARY KEY, article_id INT NOT NULL, visitor_id INT NOT NULL, kind TINYINT NOT NULL, amount DECIMAL(10, 2) NULL,
    happened_at DATETIME NOT NULL, KEY (article_id, happened_at)
  )`,
  "CREATE TABLE pictures (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(190) NOT NULL, mime VARCHAR(60) NOT NULL, content MEDIUMBLOB NOT NULL)",
];

/** A database to back up. */
export interface Site {
  readonly database: string;
  readonly url: string;
  /** Of the values of all rows, as text or as they are. */
  readonly mb: number;
  readonly rows: number;
  /** Equal for two databases whose tables have the same rows. */
  readonly sums: string;
}

/** A MariaDB of the benchmark's own. */
export class SiteServer {
  private constructor(
    readonly version: string,
    readonly url: (database: string) => string,
    private readonly root: Knex,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(scratch: Scratch): Promise<SiteServer> {
    // Started by root, the server runs as another user.
    chmodSync(scratch.folder, 0o711);
    const server = await startMariaDb({ parent: scratch.folder, settings: SETTINGS, onStart: (child) => scratch.adopt(child) });
    const root = knexFactory({ client: "mysql2", connection: server.url("mysql"), pool: { min: 0, max: 1 } });
    const [[found]] = (await root.raw("SELECT version() AS version")) as [[{ version: string }]];
    const stop = async (): Promise<void> => {
      await root.destroy();
      await server.stop();
    };
    return new SiteServer(found.version, (database) => server.url(database), root, stop);
  }

  async makeSite(database: string, mb: number): Promise<Site> {
    const { root } = this;
    await this.makeEmpty(database);
    await root.raw(`USE ${database}`);
    for (const sql of CREATE) await root.raw(sql);
    const invented = new Invented();
    await insertUntil(root, "articles", mb * MB * SHARES.articles, () => invented.article());
    await insertUntil(root, "pictures", mb * MB * SHARES.pictures, () => invented.picture());
    await root.raw(
      `INSERT INTO events SELECT seq, floor(rand(1) * 20000), floor(rand(2) * 400000), floor(rand(3) * 6), if(rand(4) < 0.3, rand(5) * 200, NULL),
        '2024-01-01' + INTERVAL seq * 37 + rand(6) * 30 SECOND FROM seq_1_to_?`,
      [Math.round((mb * MB * SHARES.events) / EVENT_BYTES)],
    );
    let [bytes, rows] = [0, 0];
    for (const table of TABLES) {
      const [names] = (await root.raw(`SHOW COLUMNS FROM ${table}`)) as [{ Field: string }[]];
      const lengths = names.map(({ Field }) => `coalesce(length(${Field}), 0)`).join(" + ");
      const [[sum]] = (await root.raw(`SELECT sum(${lengths}) AS bytes, count(*) AS n FROM ${table}`)) as [[{ bytes: string; n: number }]];
      bytes += Number(sum.bytes);
      rows += Number(sum.n);
    }
    return { database, url: this.url(database), mb: bytes / MB, rows, sums: await this.sums(database) };
  }

  async makeEmpty(database: string): Promise<void> {
    await this.drop(database);
    await this.root.raw(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  }

  async drop(database: string): Promise<void> {
    await this.root.raw(`DROP DATABASE IF EXISTS ${database}`);
  }

  /** Waits until the server has nothing left to do for what was before. */
  async settle(): Promise<void> {
    await settle(this.root);
  }

  async sums(database: string): Promise<string> {
    const [rows] = (await this.root.raw(`CHECKSUM TABLE ${TABLES.map((table) => `${database}.${table}`).join(", ")}`)) as [
      { Checksum: unknown }[],
    ];
    return rows.map(({ Checksum }) => String(Checksum)).join(" ");
  }
}

type Row = Readonly<Record<string, string | number | Buffer | null>>;

async function insertUntil(knex: Knex, table: string, wantedBytes: number, invent: () => Row): Promise<void> {
  let [written, rows, bytes] = [0, [] as Row[], 0];
  const flush = async (): Promise<void> => {
    const [first] = rows;
    if (!first) return;
    await knex.raw(`INSERT INTO ${table} (${Object.keys(first).join(", ")}) VALUES ?`, [rows.map((row) => Object.values(row)) as never]);
    [rows, bytes] = [[], 0];
  };
  while (written < wantedBytes) {
    const row = invent();
    const size = Object.values(row).reduce<number>((sum, value) => sum + sizeOf(value), 0);
    rows.push(row);
    written += size;
    bytes += size;
    if (bytes > INSERT_BYTES) await flush();
  }
  await flush();
}

function sizeOf(value: Row[string]): number {
  if (Buffer.isBuffer(value)) return value.length;
  return value === null ? 0 : String(value).length;
}
