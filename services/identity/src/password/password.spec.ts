/** @promise P07 the parameters of the hash, and the same work for an unknown account */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProblemError } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import fc from 'fast-check';
import { passwordHasher, semaphore } from './argon2.js';
import { readBloomFilter, writeBloomFilter } from './bloom-filter.js';
import { type BreachedPasswords, breachedPasswords } from './breached-passwords.js';
import { assertGoodPassword } from './password-rules.js';

describe('the hash of a password (P07)', () => {
  it('is argon2id with at least m=19 MiB, t=2, p=1 (ASVS 11.4.2)', async () => {
    const hasher = await passwordHasher();
    const stored = await hasher.hash(secret('a lamp, a ladder, a long walk'));
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify(stored, secret('a lamp, a ladder, a long walk'))).toBe(true);
    expect(await hasher.verify(stored, secret('A lamp, a ladder, a long walk'))).toBe(false);
    await expect(passwordHasher({ memoryKib: 19_455, passes: 2 })).rejects.toThrow('at least');
  });

  it('is made anew where the parameters have risen', async () => {
    const [before, after] = [await passwordHasher(), await passwordHasher({ memoryKib: 19_456, passes: 3 })];
    const stored = await before.hash(secret('x'));
    expect(before.isOutdated(stored)).toBe(false);
    expect(after.isOutdated(stored)).toBe(true);
  });

  it('is worked out as well where there is no account, and never matches (ASVS 6.3.8)', async () => {
    const hasher = await passwordHasher();
    const known = await hasher.hash(secret('right'));
    const timeOf = async (stored: string | null) => {
      const begun = performance.now();
      expect(await hasher.verify(stored, secret('wrong'))).toBe(false);
      return performance.now() - begun;
    };
    // Each one's quickest of many, taken in turns: what else the machine does only makes them longer.
    let [unknownTime, knownTime] = [Infinity, Infinity];
    for (let run = 0; run < 15; run += 1) {
      unknownTime = Math.min(unknownTime, await timeOf(null));
      knownTime = Math.min(knownTime, await timeOf(known));
    }
    // The same work: a path without the hash would be a hundred times faster.
    expect(unknownTime / knownTime).toBeGreaterThan(0.3);
    expect(unknownTime / knownTime).toBeLessThan(3);
  });

  it('waits its turn: no more than so many are worked out at once', async () => {
    const inTurn = semaphore(2, 20);
    let [running, most] = [0, 0];
    const work = async (fails: boolean) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      if (fails) throw new Error('failed');
    };
    await Promise.allSettled(Array.from({ length: 20 }, (_, index) => inTurn(() => work(index % 3 === 0))));
    expect([running, most]).toEqual([0, 2]);
  });

  it('is refused at once where too many wait already, and not for ever', async () => {
    const inTurn = semaphore(1, 2);
    const work = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => inTurn(work)));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    await expect(inTurn(work)).resolves.toBeUndefined();
  });
});

describe('the list of breached passwords', () => {
  let breached: BreachedPasswords;
  let folder: string;
  beforeAll(async () => {
    breached = await breachedPasswords();
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-breached-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('knows the most common ones, however they are capitalized (ASVS 6.2.4, 6.2.12)', () => {
    for (const password of [
      '123456',
      'password',
      'Password1',
      'QWERTYUIOP',
      'iloveyou',
      '123456789987654321',
    ]) {
      expect([password, breached.includes(secret(password))]).toEqual([password, true]);
    }
  });

  it('takes hardly a stranger for one of them', () => {
    const strangers = Array.from({ length: 20_000 }, (_, index) => `stranger ${index * 7919} on the hill`);
    const mistaken = strangers.filter((stranger) => breached.includes(secret(stranger)));
    expect(mistaken.length).toBeLessThan(10);
  });

  it('fails closed: a missing or damaged file stops the start', async () => {
    await expect(breachedPasswords(path.join(folder, 'missing'))).rejects.toThrow('ENOENT');
    const shipped = await readFile(new URL('../../assets/breached-passwords.bloom', import.meta.url));
    shipped.writeUInt8(shipped.readUInt8(5000) ^ 1, 5000);
    const damaged = path.join(folder, 'damaged');
    await writeFile(damaged, shipped);
    await expect(breachedPasswords(damaged)).rejects.toThrow('damaged');
  });

  it('recognizes every member', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 200 }), (texts) => {
        const filter = readBloomFilter(writeBloomFilter(new Set(texts), 0.01));
        expect(texts.every((text) => filter.mayContain(text))).toBe(true);
      }),
    );
  });
});

describe('a chosen password', () => {
  const nothingBreached: BreachedPasswords = { includes: (given) => given.reveal() === 'breached breached' };
  const faultOf = (password: string, secondFactor = false): string | undefined => {
    try {
      assertGoodPassword(nothingBreached, {
        password: secret(password),
        secondFactor,
        context: ['ada.example.long@example.com'],
        pointer: '/password',
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return error.document(null).errors?.[0]?.detail;
    }
  };

  it('has 15 characters alone, 8 beside a second factor (ASVS 6.2.1)', () => {
    expect(faultOf('fourteen chars')).toBe('must have at least 15 characters');
    expect(faultOf('fifteen chars..')).toBeUndefined();
    expect(faultOf('seven77', true)).toBe('must have at least 8 characters');
    expect(faultOf('eight888', true)).toBeUndefined();
  });

  it('needs no kind of character, and counts characters, not bytes (ASVS 6.2.5, 6.2.9)', () => {
    expect(faultOf('aaaaaaaaaaaaaaaaaaaa')).toBeUndefined();
    expect(faultOf('🦉'.repeat(15))).toBeUndefined();
    expect(faultOf('🦉'.repeat(14))).toBe('must have at least 15 characters');
    expect(faultOf('x'.repeat(256))).toBeUndefined();
    expect(faultOf('x'.repeat(257))).toBe('must have at most 256 characters');
  });

  it("is neither breached nor the account's own word (ASVS 6.2.4, 6.2.11)", () => {
    expect(faultOf('breached breached')).toContain('data breaches');
    expect(faultOf('ADA.example.long@example.com')).toContain('your email address');
  });

  it('is not repeated in the problem', () => {
    expect(faultOf('breached breached')).not.toContain('breached breached');
  });
});
