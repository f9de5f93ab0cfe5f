import type { Retained } from '@vouchsafe/contracts';
import type { Database } from '@vouchsafe/database';

/** Invoices stay at Stripe, as the law of accounting asks: until the end of so many years after that of the last one. */
export async function keptInvoices(
  database: Database,
  organizationIds: readonly string[],
  years: number,
): Promise<Retained[]> {
  const [last] = await database.asWorker((sql) =>
    sql.query<{ year: number | null }>(
      `select extract(year from max(finalized_at) at time zone 'UTC')::int as year from invoice where organization_id = any ($1)`,
      [organizationIds],
    ),
  );
  if (typeof last?.year !== 'number') return [];
  return [
    { what: 'invoices-at-stripe', ground: 'statutory-accounting', until: `${last.year + years}-12-31` },
  ];
}
