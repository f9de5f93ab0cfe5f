import { personal } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

const which = { ...fact, attachmentId: z.uuid() };
const entity = { type: 'attachment', id: 'attachmentId' } as const;

export const attachmentStored = contract({
  type: 'vouchsafe.lifecycle.attachment-stored.v1',
  summary: 'A customer has stored a file.',
  entity,
  schema: z.strictObject({
    ...which,
    userId: z.uuid().nullable().describe('The person who sent it; null where an API key did'),
    name: personal(z.string(), { purpose: 'contract', subject: 'userId' }),
    mediaType: z.string(),
    size: z.int().nonnegative().describe('In bytes'),
    sha256: z.string().describe('SHA-256 of the bytes, in hexadecimal digits'),
  }),
});

export const attachmentDeleted = contract({
  type: 'vouchsafe.lifecycle.attachment-deleted.v1',
  summary: 'A customer has deleted a file.',
  entity,
  schema: z.strictObject(which),
});
