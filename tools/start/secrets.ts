import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { serviceNames } from '@vouchsafe/contracts';
import { type DatabaseRole, databaseRoles } from '@vouchsafe/database';
import { ensureInternalKeys } from '@vouchsafe/service-host';
import { databases } from './databases.ts';

export interface Secrets {
  readonly postgres: string;
  databasePassword(database: string, role: DatabaseRole): string;
  readonly operatorOrganizationId: string;
  readonly publicKeysFile: string;
  privateKeyFile(service: string): string;
  kekFile(service: string): string;
  /** Keys of the session cookie; the gateway makes it. */
  readonly sessionKeyFile: string;
  /** Of the stand-in for Stripe, in the form of Stripe's own. */
  readonly stripeKey: string;
  readonly stripeWebhookSecret: string;
}

/** Secrets of one machine, made at the first start and kept (0600) for the next. */
export async function openSecrets(folder: string): Promise<Secrets> {
  const postgres = await kept(path.join(folder, 'postgres-password'), randomPassword);
  const passwords = new Map<string, string>();
  for (const database of databases) {
    for (const role of databaseRoles) {
      const name = `${database}-${role}`;
      passwords.set(name, await kept(path.join(folder, `${name}-password`), randomPassword));
    }
  }
  return {
    postgres,
    databasePassword: (database, role) => {
      const password = passwords.get(`${database}-${role}`);
      if (password === undefined) throw new Error(`No password for ${database} as ${role}`);
      return password;
    },
    operatorOrganizationId: await kept(path.join(folder, 'operator-organization-id'), randomUUID),
    ...(await ensureInternalKeys(path.join(folder, 'internal'), serviceNames)),
    sessionKeyFile: path.join(folder, 'session-keys'),
    stripeKey: await kept(
      path.join(folder, 'stripe-key'),
      () => `sk_test_${randomBytes(24).toString('hex')}`,
    ),
    stripeWebhookSecret: await kept(
      path.join(folder, 'stripe-webhook-secret'),
      () => `whsec_${randomBytes(24).toString('hex')}`,
    ),
    kekFile: (service) => path.join(folder, `${service}.kek`),
  };
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** What the file holds; made and written where there is none. */
async function kept(file: string, make: () => string): Promise<string> {
  const found = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (found !== undefined) return found.trim();
  const made = make();
  await writeFile(file, `${made}\n`, { mode: 0o600, flag: 'wx' });
  return made;
}
