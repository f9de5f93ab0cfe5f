/** @promise P22 fields that are not on the list are hidden */
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { masked, serviceLogger } from './index.js';
import { patientOutput } from './logging.js';

describe('a log line', () => {
  const lines: string[] = [];
  const logger = serviceLogger('lamps', 'info', { write: (line) => void lines.push(line) });

  it('shows allow-listed fields alone (ASVS 16.2.5, P22)', () => {
    logger.info({ operation: 'lamp.make', password: 'hunter2', nested: { token: 't0k3n' } }, 'Made');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      service: 'lamps',
      level: 'info',
      msg: 'Made',
      operation: 'lamp.make',
      password: '[redacted]',
      nested: '[redacted]',
    });
    expect(lines.join('')).not.toMatch(/hunter2|t0k3n/);
  });

  it('shows of an error its type, code and frames, not what libraries hang on it', () => {
    const error = Object.assign(new Error('duplicate for ada@example.org'), {
      code: '23505',
      detail: 'Key (email)=(ada)',
    });
    logger.error({ err: error }, 'Failed');
    const line = lines.at(-1) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      err: { type: 'Error', code: '23505', message: 'duplicate for [email]' },
    });
    expect(line).not.toMatch(/ada/);
  });

  it.each([
    ['itself', (fault: Error) => fault],
    ['as a cause', (cause: Error) => new Error('internal', { cause })],
    [
      'in words that another error repeats',
      (cause: Error) => new Error(`Query: ${cause.message}`, { cause }),
    ],
  ])('tells a value that Postgres refused by the code and not by its words: %s', (_, thrown) => {
    const words = 'time zone displacement out of range: "0000 Lovelace\n    at evil (forged.js:1:1)"';
    logger.error({ err: thrown(Object.assign(new Error(words), { code: '22009' })) }, 'Failed');
    const line = lines.at(-1) ?? '';
    expect(line).not.toMatch(/Lovelace|forged/);
    expect((JSON.parse(line) as { err: { stack: string } }).err.stack).toMatch(
      /Postgres refused a value with 22009\n {4}at .*logging\.spec/,
    );
  });

  it('masks addresses, credentials and tokens in free text', () => {
    expect(masked('postgres://me:pw@host/db Bearer abc.def 203.0.113.9')).toBe(
      'postgres://[redacted]@host/db Bearer [redacted] [address]',
    );
    expect(masked(`key ${'A1'.repeat(32)}`)).toBe('key [redacted]');
    const frame = 'at run (/app/node_modules/@mikro-orm/sql/QueryBuilder.js:1082:9)';
    expect(masked(frame)).toBe(frame);
  });
});

describe('lines that could not be written', () => {
  it('end nobody, and are written when there is room; what was too much is counted', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-log-'));
    const file = path.join(folder, 'log');
    // Open for reading: every write to it fails, as on a full disk.
    await writeFile(file, '');
    const output = patientOutput((count) => logger.warn({ count }, 'Dropped'), openSync(file, 'r'));
    const logger = serviceLogger('lamps', 'info', output);
    const refused = new Promise((resolve) => output.once('error', resolve));
    logger.info('first');
    expect(await refused).toMatchObject({ code: 'EBADF' });
    for (let nth = 0; nth < 3; nth += 1) logger.info({ code: 'x'.repeat(500_000) }, 'long');
    expect(await readFile(file, 'utf8')).toBe('');

    Object.assign(output, { fd: openSync(file, 'a') });
    logger.info('last');
    await once(output, 'drain');
    await once(output, 'drain');
    output.end();
    await once(output, 'close');
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const told = lines.map((line) => JSON.parse(line) as { msg: string; count?: number });
    expect(told.map(({ msg }) => msg)).toEqual(['first', 'long', 'long', 'last', 'Dropped']);
    expect(told.at(-1)).toMatchObject({ count: 1 });
    await rm(folder, { recursive: true });
  });
});
