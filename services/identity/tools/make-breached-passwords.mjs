/**
 * Makes assets/breached-passwords.bloom from a text file of passwords, most common first, one a line (services/identity/assets/README.md).
 * It runs on the built service, so that list and look-up fold and hash with the same code.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { argv, stdout } from 'node:process';
import { writeBloomFilter } from '../dist/password/bloom-filter.js';
import { foldedForBreachList } from '../dist/password/breached-passwords.js';

const [list, out] = argv.slice(2);
if (!list || !out) throw new Error('usage: make-breached-passwords.mjs LIST OUT');

/** Shorter ones never pass the length rule; among the most common ones they are kept all the same. */
const MOST_COMMON = 100_000;
const SHORTEST = 8;
const FALSE_POSITIVES = 0.0001;

const passwords = (await readFile(list, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
const members = new Set(
  passwords
    .filter((password, rank) => rank < MOST_COMMON || password.length >= SHORTEST)
    .map(foldedForBreachList),
);
const filter = writeBloomFilter(members, FALSE_POSITIVES);
await writeFile(out, filter);
stdout.write(`${members.size} passwords, ${filter.length} bytes\n`);
