import { instant, type Sql } from '@vouchsafe/database';
import type { KeyPeriod } from '@vouchsafe/forensic-bundle';
import { parseVerifierKey, type VerifierKey } from '@vouchsafe/transparency-log';

/** Every key that ever signed for these logs or for manifests, and when. */
export async function bundleKeys(
  sql: Sql,
  organizationId: string,
  manifestName: string,
): Promise<(KeyPeriod & { key: VerifierKey })[]> {
  const rows = await sql.query<{
    vkey: string;
    log_id: string | null;
    signs_from: string;
    signs_until: string | null;
  }>(
    `select vkey, log_id, signs_from, signs_until from signing_key
     where (organization_id = $1 and log_id is not null) or name = $2 order by signs_from, vkey`,
    [organizationId, manifestName],
  );
  return rows.map((row) => {
    const parsed = parseVerifierKey(row.vkey);
    if (!('key' in parsed)) throw new Error(`A stored verifier key cannot be parsed: ${parsed.error}`);
    return {
      key: parsed.key,
      use: row.log_id === null ? 'manifest' : 'log',
      from: instant(row.signs_from).toISOString(),
      to: row.signs_until === null ? null : instant(row.signs_until).toISOString(),
    };
  });
}
