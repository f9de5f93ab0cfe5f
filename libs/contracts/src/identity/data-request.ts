import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';
import { dataRequestNotices } from '../lifecycle/data-request.js';

export const dataRequestNoticeSent = contract({
  type: 'vouchsafe.identity.data-request-notice-sent.v1',
  summary: 'Whoever asked for something about their personal data was told how far the request is.',
  entity: { type: 'data-request', id: 'dataRequestId' },
  schema: z.strictObject({
    ...fact,
    dataRequestId: z.uuid(),
    notice: z.enum(dataRequestNotices),
    sentAt: z.iso.datetime(),
  }),
});
