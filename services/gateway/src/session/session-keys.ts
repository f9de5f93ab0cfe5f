/** @promise P26 keeps the keys of the cookie */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { HostConfig } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { GatewayConfig } from '../gateway.config.js';

/** Keys of the session cookie: the newest encrypts, all decrypt, so that a key can be replaced (P26). */
export class SessionKeys {
  readonly byId: ReadonlyMap<string, SessionKey>;

  constructor(
    readonly newest: SessionKey,
    others: readonly SessionKey[],
  ) {
    this.byId = new Map([newest, ...others].map((key) => [key.id, key]));
  }
}
export interface SessionKey {
  readonly id: string;
  /** 256 bits. */
  readonly key: Uint8Array;
}

const keyFile = z.strictObject({
  keys: z
    .array(z.strictObject({ id: z.string().min(1).max(40), key: z.base64url().length(43) }))
    .min(1)
    .max(10),
});

/** A cluster brings the file as a secret; outside of production it is made where it is missing. */
export async function openSessionKeys({
  VOUCHSAFE_ENVIRONMENT: environment,
  VOUCHSAFE_SESSION_KEY_FILE: file,
}: GatewayConfig & HostConfig): Promise<SessionKeys> {
  if (environment !== 'production') await ensureSessionKeys(file);
  return readSessionKeys(file);
}

/** @param file `{"keys":[{"id","key"}]}`, newest first; `key` is 32 bytes in base64url */
async function readSessionKeys(file: string): Promise<SessionKeys> {
  const read = keyFile.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!read.success) throw new Error(`${file} contains no valid session keys`);
  const keys = read.data.keys.map(({ id, key }) => ({ id, key: Buffer.from(key, 'base64url') }));
  const [newest, ...others] = keys;
  if (!newest) throw new Error(`${file} contains no valid session keys`);
  return new SessionKeys(newest, others);
}

/** For its owner alone (one machine, tests). */
async function ensureSessionKeys(file: string): Promise<void> {
  const keys = [{ id: randomBytes(6).toString('hex'), key: randomBytes(32).toString('base64url') }];
  await writeFile(file, JSON.stringify({ keys }), { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}
