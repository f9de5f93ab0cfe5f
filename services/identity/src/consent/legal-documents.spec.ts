import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { legalDocuments, shippedDocuments } from './legal-documents.js';

const today = new Date('2026-11-22T10:00:00Z');

describe('the legal documents', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-legal-'));
    for (const kind of ['terms-of-service', 'privacy-policy']) await mkdir(path.join(folder, kind));
    await writeFile(path.join(folder, 'privacy-policy', '1.md'), '# P\n\nEffective from: 2026-01-01\n');
    await writeFile(path.join(folder, 'terms-of-service', '1.md'), '# T\n\nEffective from: 2026-01-01\n');
    await writeFile(path.join(folder, 'terms-of-service', '2.md'), '# T\n\nEffective from: 2027-01-01\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are what the shipped files say, byte for byte (P15)', async () => {
    const shipped = await legalDocuments(shippedDocuments, today);
    for (const { document, version, sha256 } of shipped.current(today)) {
      const bytes = await readFile(path.join(shippedDocuments, document, `${version}.md`));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
    expect(shipped.current(today).map(({ document }) => document)).toEqual([
      'terms-of-service',
      'privacy-policy',
    ]);
  });

  it('change on the day from which the new version is in effect', async () => {
    const documents = await legalDocuments(folder, today);
    const termsAt = (at: string) => documents.current(new Date(at))[0]?.version;
    expect(termsAt('2026-12-31T23:59:59Z')).toBe('1');
    expect(termsAt('2027-01-01T00:00:00Z')).toBe('2');
    expect(documents.find('terms-of-service', '1')).toBeDefined();
  });

  it('stop the start where none is in effect, or one has no date', async () => {
    await expect(legalDocuments(folder, new Date('2025-01-01'))).rejects.toThrow('No version');
    await writeFile(path.join(folder, 'privacy-policy', '2.md'), '# P\n\nno date\n');
    await expect(legalDocuments(folder, today)).rejects.toThrow('privacy-policy/2.md');
  });
});
