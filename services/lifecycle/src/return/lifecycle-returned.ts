/**
 * @promise P30 what an organization gets back of lifecycle: its files, its legal holds, requests of data subjects, how it ended
 * @promise P10 what a person gets a copy of: their requests, and which files they stored
 */
import { Injectable } from '@nestjs/common';
import { terminationCauses } from '@vouchsafe/contracts';
import { accessTable, onePage, organizationOf, returnedEntity } from '@vouchsafe/service-host';
import { z } from 'zod';
import { attachmentView } from '../attachment/attachments.js';
import { ListAttachments } from '../attachment/list-attachments.js';
import { holdSummary } from '../hold/hold.view.js';
import { ReadHolds } from '../hold/read-holds.js';
import { dataRequestSummary } from '../request/data-request.view.js';
import { ReadRequests, requestOfPerson } from '../request/read-requests.js';
import { ReadTermination } from '../termination/read-termination.js';
import { pathOf } from './returned-attachments.js';

const time = z.iso.datetime();

const attachmentOfArchive = attachmentView.extend({
  path: z.string().describe('Where the file is in this archive'),
});

const ended = z.strictObject({
  organizationId: z.uuid().describe('Id of the organization'),
  status: z.enum(['active', 'inactive', 'purging']).describe('Whether it is in use'),
  cause: z.enum(terminationCauses).nullable().describe('Why it ended; null where it has not'),
  endedAt: time.nullable().describe('The moment from which the periods count; null where it has not ended'),
  productionErasedBy: time.nullable().describe('By this time production holds no data of it'),
  backupsExpiredBy: time.nullable().describe('By this time no backup holds any'),
});

const requestOfArchive = dataRequestSummary.omit({ overdue: true }).extend({
  dataRequestId: z.uuid().describe('Id of the request'),
  receivedAt: time.describe('When it was received'),
});

const ofOrganization = [
  { columns: ['organizationId'], entity: 'organization', entityColumns: ['organizationId'] },
];

@Injectable()
export class LifecycleReturned {
  constructor(
    private readonly listAttachments: ListAttachments,
    private readonly readHolds: ReadHolds,
    private readonly readRequests: ReadRequests,
    private readonly readTermination: ReadTermination,
  ) {}

  readonly attachments = returnedEntity({
    ...{ name: 'attachments', meaning: 'The files of the organization' },
    ...{ row: attachmentOfArchive, primaryKey: ['attachmentId'], time: 'createdAt' },
    page: async ({ caller, limit, cursor }) => {
      const { items, next } = await this.listAttachments.list(caller, { limit, cursor });
      return { items: items.map((item) => ({ ...item, path: pathOf(item) })), next };
    },
  });

  readonly holds = returnedEntity({
    ...{ name: 'legal-holds', meaning: 'Legal holds on the data of the organization' },
    ...{ row: holdSummary, primaryKey: ['holdId'], references: ofOrganization },
    page: async ({ organizationId, caller, limit, cursor }) => {
      const { items, next } = await this.readHolds.list(caller, { limit, cursor });
      // The operator sees those on everybody's data.
      return { items: items.filter((hold) => hold.organizationId === organizationId), next };
    },
  });

  readonly requests = returnedEntity({
    ...{ name: 'data-requests', meaning: 'Requests of data subjects about which the organization decided' },
    ...{ row: requestOfArchive, primaryKey: ['dataRequestId'], time: 'receivedAt' },
    page: async ({ caller, limit, cursor }) => {
      const { items, next } = await this.readRequests.listAll(organizationOf(caller), { limit, cursor });
      return { items: items.map(({ overdue, ...item }) => item), next };
    },
  });

  readonly termination = returnedEntity({
    ...{ name: 'termination', meaning: 'Whether and how the organization ended' },
    ...{ row: ended, primaryKey: ['organizationId'], references: ofOrganization },
    page: async ({ organizationId, caller }) => {
      const read = await this.readTermination.read(caller);
      if (read.status === 'active') return onePage([{ organizationId, status: read.status, ...notEnded }]);
      const { status, cause, endedAt } = read;
      const { productionErasedBy, backupsExpiredBy } = read.status === 'inactive' ? read.plan : read;
      return onePage([{ organizationId, status, cause, endedAt, productionErasedBy, backupsExpiredBy }]);
    },
  });

  readonly ofPerson = {
    requests: accessTable({
      ...{
        name: 'data-requests',
        meaning: 'Your requests about your personal data, and how they were answered',
      },
      ...{ row: requestOfPerson, primaryKey: ['dataRequestId'], shows: ['data_request'] },
      page: ({ caller, person, limit, cursor }) =>
        this.readRequests.listOf(caller, person.userId, { limit, cursor }),
    }),

    attachments: accessTable({
      ...{ name: 'attachments', meaning: 'The files that you stored; the files themselves are not in here' },
      ...{ row: attachmentView, primaryKey: ['attachmentId'], shows: ['attachment'] },
      page: ({ caller, person, limit, cursor }) =>
        this.listAttachments.list(caller, { limit, cursor }, person.userId),
    }),
  };
}

const notEnded = { cause: null, endedAt: null, productionErasedBy: null, backupsExpiredBy: null };
