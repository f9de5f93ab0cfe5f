import { encodeVerifierKey, type VerifierKey } from '@vouchsafe/transparency-log';

/** From when to when a key signed; `to` is null for the one in use. */
export type KeyPeriod = {
  readonly use: 'log' | 'manifest';
  readonly from: string;
  readonly to: string | null;
};

/** keys/history.json: every key of the bundle, in the order given. */
export function formatKeyHistory(keys: readonly (KeyPeriod & { readonly key: VerifierKey })[]): Uint8Array {
  const lines = keys.map(({ key, use, from, to }) => ({ vkey: encodeVerifierKey(key), use, from, to }));
  return Buffer.from(`${JSON.stringify(lines, null, 2)}\n`);
}
