/** @promise P15 the documents in effect, and the hash of each text */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type DocumentKind, documentKind } from '../user/user.events.js';

/** One version of one text. Its file is never changed after it has come into effect: people accepted its hash (P15). */
export interface LegalDocument {
  readonly document: DocumentKind;
  readonly version: string;
  readonly title: string;
  readonly effectiveFrom: Date;
  /** SHA-256 of the file's bytes, hexadecimal. */
  readonly sha256: string;
  readonly text: string;
}

/** The documents, and the token that they are injected by. */
export abstract class LegalDocuments {
  /** The version of each kind that is in effect, in the order of `documentKind`. */
  abstract current(at: Date): LegalDocument[];
  abstract find(document: DocumentKind, version: string): LegalDocument | undefined;
}

/** The texts that ship with the software; an operator puts its own folder in their place. */
export const shippedDocuments = fileURLToPath(new URL('../../legal-documents', import.meta.url));

/**
 * Reads `<folder>/<kind>/<version>.md`. Each file begins with its title (`# ...`) and says on a line of its own
 * `Effective from: YYYY-MM-DD`.
 * @throws where a kind has no version in effect, or a file lacks its date: nobody could sign up, so the service does not start
 */
export async function legalDocuments(folder: string, at: Date): Promise<LegalDocuments> {
  const all: LegalDocument[] = [];
  for (const document of documentKind.options) {
    const files = (await readdir(path.join(folder, document))).filter((file) => file.endsWith('.md'));
    for (const file of files) {
      all.push(
        parse(document, path.basename(file, '.md'), await readFile(path.join(folder, document, file))),
      );
    }
  }
  const documents = documentsOf(all);
  documents.current(at);
  return documents;
}

function documentsOf(all: readonly LegalDocument[]): LegalDocuments {
  const newestFirst = all.toSorted((a, b) => b.effectiveFrom.getTime() - a.effectiveFrom.getTime());
  return {
    current: (at) =>
      documentKind.options.map((kind) => {
        const found = newestFirst.find(
          ({ document, effectiveFrom }) => document === kind && effectiveFrom <= at,
        );
        if (!found) throw new Error(`No version of ${kind} is in effect`);
        return found;
      }),
    find: (kind, version) => all.find((one) => one.document === kind && one.version === version),
  };
}

const effectiveFrom = z.iso.date();

function parse(document: DocumentKind, version: string, bytes: Buffer): LegalDocument {
  const text = bytes.toString('utf8');
  const title = /^# (.+)$/m.exec(text)?.[1];
  const from = effectiveFrom.safeParse(/^Effective from: (.+)$/m.exec(text)?.[1]);
  if (!title || !from.success) throw new Error(`${document}/${version}.md has no title or no effective date`);
  return {
    document,
    version,
    title,
    effectiveFrom: new Date(`${from.data}T00:00:00Z`),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    text,
  };
}
