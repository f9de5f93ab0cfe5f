import { encodeVerifierKey, type VerifierKey } from '@vouchsafe/transparency-log';
import { listOf, matching, nullable, object, oneOf, text, type Shaped } from './shape.js';

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const history = listOf(
  object({
    vkey: text,
    use: oneOf('log', 'manifest'),
    from: matching(INSTANT),
    to: nullable(matching(INSTANT)),
  }),
);

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

export function parseKeyHistory(bytes: Uint8Array): Shaped<typeof history> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const isOne = history(value) && value.every(({ from, to }) => to === null || from <= to);
    return isOne ? value : undefined;
  } catch {
    return undefined;
  }
}
