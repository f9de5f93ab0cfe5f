import { readFile } from 'node:fs/promises';
import type { Secret } from '@vouchsafe/vault';
import { readBloomFilter } from './bloom-filter.js';

/** The list, and the token that it is injected by. */
export abstract class BreachedPasswords {
  abstract includes(password: Secret): boolean;
}

const shipped = new URL('../../assets/breached-passwords.bloom', import.meta.url);

/**
 * The list of breached passwords that ships with the software (ASVS 6.2.4, 6.2.12). Where the file is missing or damaged
 * this throws and the service does not start: it fails closed.
 */
export async function breachedPasswords(file: URL | string = shipped): Promise<BreachedPasswords> {
  const filter = readBloomFilter(await readFile(file));
  return { includes: (password) => filter.mayContain(foldedForBreachList(password.reveal())) };
}

/**
 * `PASSWORD1` and `Password1` are no better than `password1`: list and question are folded alike.
 * @public tools/make-breached-passwords.mjs imports it as it is built
 */
export function foldedForBreachList(password: string): string {
  return password.normalize('NFKC').toLowerCase();
}
