import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withSharedMigrations } from '@vouchsafe/service-host';
import { entityDifference, testPostgres, type TestPostgres } from '@vouchsafe/testing';
import pg from 'pg';
import { mappedServices } from './entities.ts';

const services = await mappedServices();

it('entities are found by these checks', () => {
  expect(services.flatMap(({ entities }) => entities).length).toBeGreaterThan(0);
});

describe.each(services)('the entities of $service', ({ service, migrations, entities }) => {
  const tables = entities.map(({ meta }) => meta.tableName);
  let postgres: TestPostgres;
  let owner: pg.Client;
  const difference = () => entityDifference(postgres.url(service, 'migrator'), entities);
  beforeAll(async () => {
    postgres = await testPostgres();
    await postgres.database(service, withSharedMigrations(migrations));
    owner = new pg.Client({ connectionString: postgres.url(service, 'migrator') });
    await owner.connect();
  });
  afterAll(async () => {
    await owner.end();
    await postgres.stop();
  });

  it('are what the migrations make, in every table and column', async () => {
    expect(await difference()).toBe('');
  });

  it('are seen to differ wherever a table or a column does', async () => {
    await dropPolicies(owner, tables);
    const planted = await plantedDifferences(owner, tables);
    expect(planted.length).toBeGreaterThan(tables.length);
    const unseen: string[] = [];
    for (const { plant, restore, shows } of planted) {
      await owner.query(plant);
      if (!(await difference()).includes(`"${shows}"`)) unseen.push(plant);
      await owner.query(restore);
    }
    expect(unseen).toEqual([]);
    expect(await difference()).toBe('');
    // Each column is planted and looked for by itself.
  }, 180_000);
});

interface Planted {
  readonly plant: string;
  readonly restore: string;
  /** The name that must stand in the difference. */
  readonly shows: string;
}

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly required: boolean;
  readonly key: boolean;
  readonly default: string | null;
}

/** Each way in which each column, constraint and table can be another one than its entity says. The tables are empty. */
async function plantedDifferences(owner: pg.Client, tables: readonly string[]): Promise<Planted[]> {
  const columns = await owner.query<Column>(
    `select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
       a.attnotnull as required, a.attnum = any(k.conkey) as key, pg_get_expr(d.adbin, d.adrelid) as default
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
     where c.relnamespace = 'public'::regnamespace and c.relname = any($1) and a.attnum > 0 and not a.attisdropped
     order by 1, a.attnum`,
    [tables],
  );
  const constraints = await owner.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where conrelid::regclass::text = any($1) and contype in ('u', 'c', 'f')`,
    [tables],
  );
  return [
    ...columns.rows.flatMap(inColumn),
    ...constraints.rows.map(({ table, name, definition }) => ({
      plant: `alter table ${table} drop constraint ${name}`,
      restore: `alter table ${table} add constraint ${name} ${definition}`,
      shows: name,
    })),
    ...tables.flatMap((table) => [
      {
        plant: `alter table ${table} add column elsewhere text`,
        restore: `alter table ${table} drop column elsewhere`,
        shows: 'elsewhere',
      },
      {
        plant: `alter table ${table} rename to elsewhere`,
        restore: `alter table elsewhere rename to ${table}`,
        shows: table,
      },
    ]),
  ];
}

function inColumn({ table, column, type, required, key, default: value }: Column): Planted[] {
  const alter = (plant: string, restore: string): Planted => ({
    plant: `alter table ${table} ${plant}`,
    restore: `alter table ${table} ${restore}`,
    shows: column,
  });
  const itself = `alter column ${column}`;
  const again = value === null ? [] : [`${itself} set default ${value}`];
  return [
    alter(`rename column ${column} to elsewhere`, `rename column elsewhere to ${column}`),
    alter(
      `${itself} drop default, ${itself} type varchar(7) using null`,
      [`${itself} type ${type} using null`, ...again].join(', '),
    ),
    ...again.map((default_) => alter(`${itself} drop default`, default_)),
    ...(key
      ? []
      : [
          alter(
            `${itself} ${required ? 'drop' : 'set'} not null`,
            `${itself} ${required ? 'set' : 'drop'} not null`,
          ),
        ]),
  ];
}

/** A column that a policy reads cannot be given another type; policies are not compared here. */
async function dropPolicies(owner: pg.Client, tables: readonly string[]): Promise<void> {
  const { rows } = await owner.query<{ name: string; table: string }>(
    'select policyname as name, tablename as table from pg_policies where tablename = any($1)',
    [tables],
  );
  for (const { name, table } of rows) await owner.query(`drop policy ${name} on ${table}`);
}
