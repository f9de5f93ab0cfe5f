import { randomUUID } from 'node:crypto';
import type { Database } from '@vouchsafe/database';
import { type DataStore, takeOn } from '@vouchsafe/service-host';
import pg from 'pg';

/** A running service whose clock can be moved. */
interface Running {
  readonly database: Database;
  readonly clock: { ahead: number };
}

const PATIENCE_MS = 60_000;

/** Tells a running service, as lifecycle does, and waits for its receipt. */
export async function eraseOrganization(
  { database, clock }: Running,
  operator: string,
  organizationId: string,
): Promise<{ readonly erasureId: string; readonly receipt: unknown }> {
  const erasureId = randomUUID();
  await database.asWorker((sql) =>
    takeOn(sql, {
      ...{ of: 'organization', erasureId, organizationId: operator, erasedOrganizationId: organizationId },
      requestedAt: new Date(Date.now() + clock.ahead),
    }),
  );
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    const [given] = await database.asWorker((sql) =>
      sql.query<{ payload: unknown }>('select payload from event where stream = $1', [
        `organization-erasure-receipt-${erasureId}`,
      ]),
    );
    if (given) return { erasureId, receipt: given.payload };
    await passWait({ database, clock }, erasureId);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The organization was not erased');
}

/** What waits for a time has it. */
async function passWait({ database, clock }: Running, erasureId: string): Promise<void> {
  const [row] = await database.asWorker((sql) =>
    sql.query<{ due: number }>(
      'select extract(epoch from due_at)::float8 * 1000 as due from erasure where erasure_id = $1',
      [erasureId],
    ),
  );
  clock.ahead = Math.max(clock.ahead, (row?.due ?? 0) + 1 - Date.now());
}

/** Every column of a service's database in which a text stands, whatever its type: as it is, as bytes, or as the bytes of a UUID. */
export async function placesOf(adminUrl: string, service: string, text: string): Promise<string[]> {
  const url = new URL(adminUrl);
  url.pathname = `/${service}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    const forms = [text, Buffer.from(text).toString('hex'), text.replaceAll('-', '')];
    const columns = await client.query<{ table: string; column: string }>(
      `select c.relname as table, a.attname as column from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and a.attnum > 0 and not a.attisdropped
       order by 1, 2`,
    );
    const found: string[] = [];
    for (const { table, column } of columns.rows) {
      const { rowCount } = await client.query(
        `select from ${pg.escapeIdentifier(table)} where ${pg.escapeIdentifier(column)}::text ilike any ($1) limit 1`,
        [forms.map((form) => `%${form}%`)],
      );
      if (rowCount) found.push(`${table}.${column}`);
    }
    return found;
  } finally {
    await client.end();
  }
}

/** From now on every step of the stores fails twice before it has done anything, and twice when it has done it. */
export function interruptEachStep(all: readonly DataStore[]): { times(): number; end(): void } {
  let times = 0;
  const ends: (() => void)[] = [];
  for (const { organization } of all) {
    if (!('remove' in organization)) throw new Error('A store that keeps what it has has no steps');
    for (const method of ['count', 'remove'] as const) {
      const work = organization[method].bind(organization) as (...asked: unknown[]) => Promise<never>;
      // A step is repeated after those behind it failed, and again before the receipt.
      const faults = ['before', 'after', null, 'before', 'after'];
      const fail = () => {
        times += 1;
        throw new Error('Interrupted by the test');
      };
      const interrupted = async (...asked: unknown[]): Promise<never> => {
        const fault = faults.shift();
        if (fault === 'before') fail();
        const done = await work(...asked);
        if (fault === 'after') fail();
        return done;
      };
      Object.assign(organization, { [method]: interrupted });
      ends.push(() => Object.assign(organization, { [method]: work }));
    }
  }
  return { times: () => times, end: () => ends.forEach((end) => end()) };
}
