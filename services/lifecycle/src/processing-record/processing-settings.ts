import { readFileSync } from 'node:fs';
import { ConfigError } from '@vouchsafe/service-host';
import { z } from 'zod';

const text = z.string().trim().min(1).max(1000);

export const party = z.strictObject({
  name: text.describe('Name of the company or person'),
  contact: text.describe('Address, email or telephone number'),
});

/** What an operator alone knows of a record of processing activities (Article 30 GDPR); docs/lifecycle.md shows an example. */
export const processingSettings = z.strictObject({
  operator: party.optional(),
  jointControllers: z.array(party).default([]),
  /** Null says that there is none, and that none is needed (Articles 27 and 37 GDPR). */
  representative: party.nullable().optional(),
  dataProtectionOfficer: party.nullable().optional(),
  recipients: z
    .array(
      z.strictObject({
        name: text,
        purpose: text,
        country: text,
        /** Of a transfer to a third country: an adequacy decision, standard contractual clauses, ... Null where it is none. */
        transfer: z.strictObject({ safeguard: text.nullable() }).nullable(),
      }),
    )
    .default([]),
  /** Technical and organizational measures besides those of this software (Article 32(1) GDPR). */
  measures: z.array(text).default([]),
});
export type ProcessingSettings = z.infer<typeof processingSettings>;

/** @throws ConfigError for a file that cannot be read, or says something else */
export function readProcessingSettings(file: string | undefined): ProcessingSettings {
  if (file === undefined) return processingSettings.parse({});
  try {
    return processingSettings.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why =
      error instanceof z.ZodError
        ? error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`).join('; ')
        : 'cannot be read as JSON';
    throw new ConfigError(`Wrong configuration:\n  VOUCHSAFE_PROCESSING_RECORD_FILE: ${why}`);
  }
}
