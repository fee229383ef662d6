// Seconds of copying with few rows: each has a checksum of a long text computed.
const SLOW = "CHAR(128) AS (SHA2(REPEAT(word, 20000), 512)) STORED";

export async function up(knex) {
  await knex.raw("CREATE TABLE heavy (id INT PRIMARY KEY, word VARCHAR(40) NOT NULL, n INT NOT NULL DEFAULT 0)");
  await knex("heavy").insert(Array.from({ length: 1500 }, (_, id) => ({ id, word: `a word of thirty letters, no ${id}` })));
  await knex.raw(`ALTER TABLE heavy ADD COLUMN checksum ${SLOW}, ADD INDEX (n), ALGORITHM=COPY`);
  await knex("heavy").update({ n: knex.raw("n + 1") });
  await knex.raw("ALTER TABLE heavy ADD INDEX (n)");
}
