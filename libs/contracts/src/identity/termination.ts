import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { terminationNotices } from '../lifecycle/termination.js';
import { organization } from './entities.js';

export const terminationNoticeSent = contract({
  type: 'vouchsafe.identity.termination-notice-sent.v1',
  summary:
    'An owner was told by email what happens to the data of an organization that has ended, the first of them.',
  entity: organization,
  schema: z.strictObject({
    ...fact,
    epoch: z.int().positive(),
    notice: z.enum(terminationNotices),
    sentAt: z.iso.datetime(),
  }),
});
