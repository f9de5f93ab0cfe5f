import { timingSafeEqual } from 'node:crypto';
import type { Sql } from '@vouchsafe/database';
import type { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { storedNames } from '../stored-names.js';

/** What a person has seen the price of, and nothing else: the change that is carried out is this one. */
export const agreedChange = z.strictObject({
  organizationId: z.uuid(),
  subscriptionId: z.string(),
  itemId: z.string(),
  priceId: z.string(),
  quantity: z.int(),
  /** What it was when the price was shown. */
  from: z.strictObject({ priceId: z.string(), quantity: z.int() }),
  /** Of the customer at Stripe, when the price was shown; below 0 it is credit, which pays first. Orders of before do not say it. */
  balance: z.int().optional(),
  /** Unix seconds: the amount is that of this moment, whenever the change is agreed to. */
  prorationDate: z.int(),
  /** Milliseconds since the epoch. */
  expiresAt: z.int(),
});
export type AgreedChange = z.infer<typeof agreedChange>;

export const changeToken = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_-]{43}$/, 'must be the token of a preview');

/** Nothing is stored for a preview: the token says all of it, and its MAC that we said so. */
export async function writeToken(vault: Vault, sql: Sql, change: AgreedChange): Promise<string> {
  const text = Buffer.from(JSON.stringify(change)).toString('base64url');
  return `${text}.${(await macOf(vault, sql, text)).toString('base64url')}`;
}

/** @returns nothing for a token that is not ours */
export async function readToken(vault: Vault, sql: Sql, token: string): Promise<AgreedChange | undefined> {
  const [text = '', given = ''] = token.split('.');
  const mac = await macOf(vault, sql, text);
  const sent = Buffer.from(given, 'base64url');
  if (sent.length !== mac.length || !timingSafeEqual(sent, mac)) return undefined;
  return agreedChange.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
}

function macOf(vault: Vault, sql: Sql, text: string): Promise<Buffer> {
  return vault.keyedHash(sql, storedNames.changePreview, text);
}
