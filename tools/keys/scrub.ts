import pg from 'pg';

/**
 * Removes from Postgres's files what was deleted from its tables: a deleted row's bytes stay in its page until they are written over,
 * and in the write-ahead log until its horizon. So the wrapped key of an erased person is gone from the disk, too, and the clear text of
 * what a retention run has sealed. Holds writers of keys up for as long as the table of keys is written anew, and writers of events once
 * after such a run.
 */
export async function scrub(
  adminUrl: string,
  databases: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  for (const database of databases) {
    const url = new URL(adminUrl);
    url.pathname = `/${database}`;
    await asAdmin(url.href, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables
         where schemaname = 'public' and tablename in
           ('vault_data_key', 'vault_organization_key', 'vault_service_key', 'vault_transit_key')`,
      );
      for (const { name } of rows) await client.query(`vacuum (full) ${name}`);
      say(`${database}: ${rows.length} tables of keys were rewritten`);
      await scrubSealed(client, database, say);
    });
  }
  await asAdmin(adminUrl, async (client) => {
    // Two checkpoints: what the last one began from is older than what is kept (Postgres manual, 28.5).
    for (let nth = 0; nth < 2; nth += 1) {
      await client.query('checkpoint');
      await client.query('select pg_switch_wal()');
    }
    await client.query('checkpoint');
  });
  say('The old write-ahead log was removed');
}

/**
 * The next scrub takes again a run that has sealed more since it was read here, and one whose clear text a running transaction may still
 * see: Postgres copies such rows into the new table (the run’s row was written by the transaction that sealed, or a later one).
 */
async function scrubSealed(client: pg.Client, database: string, say: (line: string) => void): Promise<void> {
  const { rows: runs } = await client.query<{ run_id: string; organization_id: string; events: string }>(
    `select run_id, organization_id, events from sealing_run
     where not scrubbed and age(xmin) > coalesce(
       (select max(age(backend_xmin)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()), 0)`,
  );
  if (runs.length === 0) return;
  const { rows } = await client.query<{ name: string }>(
    `select relid::regclass::text as name from pg_partition_tree('event') where isleaf`,
  );
  for (const { name } of rows) await client.query(`vacuum (full) ${name}`);
  await client.query(
    `update sealing_run set scrubbed = true
     where (run_id, organization_id, events) in (select * from unnest($1::uuid[], $2::uuid[], $3::bigint[]))`,
    [
      runs.map(({ run_id }) => run_id),
      runs.map(({ organization_id }) => organization_id),
      runs.map(({ events }) => events),
    ],
  );
  say(`${database}: ${rows.length} tables of events were rewritten`);
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
