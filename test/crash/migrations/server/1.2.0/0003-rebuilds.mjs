export async function up(knex) {
  await knex.raw("ALTER TABLE jobs ENGINE=InnoDB, COMMENT='rebuilt'");
  await knex.raw("ALTER TABLE jobs CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci");
  await knex.raw("ALTER TABLE jobs RENAME TO tasks");
  await knex.raw("CREATE INDEX tasks_job ON tasks (job)");
  await knex.raw("DROP INDEX tasks_job ON tasks");
  await knex.raw("ALTER TABLE tasks ADD COLUMN rank_no INT NOT NULL DEFAULT 0, ADD UNIQUE KEY tasks_job_id (job, id)");
  await knex.raw("SET @step = 10");
  await knex.raw("UPDATE tasks SET rank_no = rank_no + @step");
  await knex.raw(
    "CREATE TABLE links (task_id INT NOT NULL, other_id INT NOT NULL, PRIMARY KEY (task_id, other_id), FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE CASCADE)",
  );
  await knex.raw("INSERT INTO links VALUES (3, 4), (4, 3)");
  await knex.raw("ALTER TABLE links ADD FOREIGN KEY (other_id) REFERENCES tasks (id)");
  await knex.raw("DROP TABLE IF EXISTS summary, never_there");
}
