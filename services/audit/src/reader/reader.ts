import { createHash, randomBytes } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import type { Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

const PREFIX = 'reader_';

/** What stands in a reader's path instead of the log's id: 256 random bits. Only its hash is kept. */
export function newReaderToken(): string {
  return PREFIX + randomBytes(32).toString('base64url');
}

export function isReaderToken(text: string): boolean {
  return text.startsWith(PREFIX) && text.length === PREFIX.length + 43;
}

export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export interface Reader {
  readonly readerId: string;
  readonly logId: string;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export async function insertReader(
  sql: Sql,
  vault: Vault,
  organizationId: string,
  reader: Omit<Reader, 'revokedAt'>,
  token: string,
): Promise<void> {
  const sealed = await vault.seal(sql, scopeOf(organizationId), contextOf(reader.readerId), reader.name);
  if (isErased(sealed)) throw new Error('The monthly key was destroyed while it was in use');
  await sql.query(
    `insert into reader (reader_id, organization_id, log_id, token_hash, sealed_name, created_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      reader.readerId,
      organizationId,
      reader.logId,
      hashOfToken(token),
      sealed,
      reader.createdBy,
      reader.createdAt,
      reader.expiresAt,
    ],
  );
}

type ReaderRow = {
  reader_id: string;
  log_id: string;
  sealed_name: string;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
};

export async function readersOf(sql: Sql, vault: Vault, organizationId: string): Promise<Reader[]> {
  const rows = await sql.query<ReaderRow>(
    `select reader_id, log_id, sealed_name, created_by, ${['created_at', 'expires_at', 'revoked_at'].map(iso).join(', ')}
     from reader where organization_id = $1 order by reader.created_at desc, reader_id`,
    [organizationId],
  );
  const names = await vault.openMany(
    sql,
    rows.map((row) => ({
      scope: scopeOf(organizationId),
      context: contextOf(row.reader_id),
      sealed: row.sealed_name,
    })),
  );
  return rows.map((row, i) => {
    const name = names[i];
    return {
      readerId: row.reader_id,
      logId: row.log_id,
      name: typeof name === 'string' ? name : '',
      createdBy: row.created_by,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
    };
  });
}

/** @returns whether there is such a reader; revoking again changes nothing */
export async function revokeReader(sql: Sql, readerId: string, at: string): Promise<boolean> {
  const rows = await sql.query(
    'update reader set revoked_at = coalesce(revoked_at, $2) where reader_id = $1 returning 1 as revoked',
    [readerId, at],
  );
  return rows.length > 0;
}

function scopeOf(organizationId: string) {
  return { organizationId, subjectId: null };
}

function contextOf(readerId: string): readonly string[] {
  return [storedNames.reader, readerId, 'name'];
}

function iso(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;
}
