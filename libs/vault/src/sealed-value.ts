import { VaultError } from './vault-error.js';

/** Which key of a holder sealed a value; `month` only for the organization's monthly keys. */
interface KeyVersion {
  readonly month: string | null;
  readonly version: number;
}

/** `3`, or `2026-11-3` for a monthly key. */
export function keyVersionText({ month, version }: KeyVersion): string {
  return month === null ? String(version) : `${month}-${version}`;
}

/** `v1.<key version>.<base64url(nonce | ciphertext | tag)>` */
export function printSealed(keyVersion: string, bytes: Buffer): string {
  return `v1.${keyVersion}.${bytes.toString('base64url')}`;
}

interface SealedValue {
  readonly keyVersion: string;
  readonly key: KeyVersion;
  readonly bytes: Buffer;
}

/** Reads the one canonical form; other spellings of the same bytes are refused. */
export function parseSealed(text: string): SealedValue {
  const [format, keyVersion, encoded, ...more] = text.split('.');
  const version = /^(?:(\d{4}-\d{2})-)?([1-9]\d{0,8})$/.exec(keyVersion ?? '');
  if (format !== 'v1' || !keyVersion || !version || !encoded || more.length > 0) throw malformed();
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) throw malformed();
  return { keyVersion, key: { month: version[1] ?? null, version: Number(version[2]) }, bytes };
}

function malformed(): VaultError {
  return new VaultError('value-malformed', 'A sealed value is not in the form v1.<key version>.<base64url>');
}
