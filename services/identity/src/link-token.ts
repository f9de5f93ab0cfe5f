/** @promise P22 keeps of tokens and session secrets the SHA-256 alone */
import { createHash, randomBytes } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import type { Secret } from '@vouchsafe/vault';
import { secret } from '@vouchsafe/vault';
import { z } from 'zod';

/** A link's token as a request brings it. */
export const linkToken = z
  .string()
  .min(1)
  .max(200)
  .describe('What follows `#token=` in the link of the email');

export type LinkPurpose = 'verify-email' | 'reset-password' | 'accept-invitation';

/** Hours for which an email's link works. */
export const linkHours = {
  'verify-email': 48,
  'reset-password': 1,
  'accept-invitation': 7 * 24,
} as const satisfies Record<LinkPurpose, number>;

/** 256 random bits; only the SHA-256 is stored, which is enough for that much entropy (ASVS 6.5.2). */
export function newSecret(): Secret {
  return secret(randomBytes(32).toString('base64url'));
}

export function secretHash(text: Secret): Buffer {
  return createHash('sha256').update(text.reveal()).digest();
}

/** Makes the token of an email's link. @returns the token, for the email alone */
export async function makeLinkToken(
  sql: Sql,
  link: { organizationId: string; purpose: LinkPurpose; subjectId: string; at: Date },
): Promise<Secret> {
  const token = newSecret();
  const expiresAt = new Date(link.at.getTime() + linkHours[link.purpose] * 3_600_000);
  await sql.query(
    `insert into link_token (organization_id, token_hash, purpose, subject_id, expires_at) values ($1, $2, $3, $4, $5)`,
    [link.organizationId, secretHash(token), link.purpose, link.subjectId, expiresAt],
  );
  return token;
}

export interface FoundLink {
  readonly organizationId: OrganizationId;
  readonly subjectId: string;
}

/** Whose link it is, used up or not; the organization is not known before. */
export async function findLink(sql: Sql, token: Secret, purpose: LinkPurpose): Promise<FoundLink | null> {
  const [row] = await sql.query<{ organization_id: OrganizationId; subject_id: string }>(
    'select organization_id, subject_id from lookup.link_token($1, $2)',
    [secretHash(token), purpose],
  );
  return row ? { organizationId: row.organization_id, subjectId: row.subject_id } : null;
}

/** Takes the token: of any number of parallel calls, one gets true. */
export async function takeLink(sql: Sql, token: Secret, purpose: LinkPurpose, at: Date): Promise<boolean> {
  const taken = await sql.query(
    `update link_token set used_at = $3
     where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3 returning 1`,
    [secretHash(token), purpose, at],
  );
  return taken.length === 1;
}

/** Voids the links in emails that were sent before. */
export async function voidLinks(sql: Sql, purpose: LinkPurpose, subjectId: string): Promise<void> {
  await sql.query('delete from link_token where purpose = $1 and subject_id = $2', [purpose, subjectId]);
}
