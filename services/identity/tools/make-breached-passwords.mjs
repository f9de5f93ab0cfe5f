/**
 * Makes assets/breached-passwords.bloom from a text file of passwords, most common first, one a line (services/identity/assets/README.md).
 * It runs on the built service, so that list and look-up fold and hash with the same code.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { stdout } from 'node:process';
import { runCommand, UsageError } from '../../../libs/service-host/src/command-line.ts';
import { writeBloomFilter } from '../dist/password/bloom-filter.js';
import { foldedForBreachList } from '../dist/password/breached-passwords.js';

const usage = `Usage: node services/identity/tools/make-breached-passwords.mjs LIST OUT

Makes the Bloom filter OUT of the passwords in LIST, a text file: most common first, one a line.`;

/** Shorter ones never pass the length rule; among the most common ones they are kept all the same. */
const MOST_COMMON = 100_000;
const SHORTEST = 8;
const FALSE_POSITIVES = 0.0001;

async function main({ positionals: [list, out, ...more] }) {
  if (!list || !out || more.length > 0) throw new UsageError('Give the list, and the file to write.');
  const passwords = (await readFile(list, 'utf8')).split(/\r?\n/).filter((line) => line !== '');
  const members = new Set(
    passwords
      .filter((password, rank) => rank < MOST_COMMON || password.length >= SHORTEST)
      .map(foldedForBreachList),
  );
  const filter = writeBloomFilter(members, FALSE_POSITIVES);
  await writeFile(out, filter);
  stdout.write(`${members.size} passwords, ${filter.length} bytes\n`);
}

await runCommand({ usage, options: {}, takesPositionals: true }, main);
