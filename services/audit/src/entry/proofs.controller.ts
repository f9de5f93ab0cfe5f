/** @promise P31 what a certificate of deletion rests on: entries of the operator's log, with proofs */
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { CONFIG, Operation } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { AuditConfig } from '../audit.config.js';
import { logsOf } from '../log/log-reader.js';
import { ListEntries } from './list-entries.js';
import { ProveEntry } from './prove-entry.js';

const about = z.strictObject({ organizationId: z.uuid(), operation: z.string().max(100) });
const proofs = z.strictObject({
  logs: z.array(z.strictObject({ origin: z.string(), vkey: z.string() })).describe('Those of the proofs'),
  proofs: z.array(
    z.strictObject({
      operation: z.string(),
      leaf: z.string().describe('The leaf, base64'),
      proof: z.string().describe('c2sp.org/tlog-proof, with its checkpoint'),
    }),
  ),
});

/** Of one operation: an erasure makes one entry of it, or one for each service. */
const MOST = 100;

@Controller('internal/operator-entries')
export class ProofsController {
  constructor(
    private readonly database: Database,
    private readonly entries: ListEntries,
    private readonly proveEntry: ProveEntry,
    @Inject(CONFIG) private readonly config: Pick<AuditConfig, 'VOUCHSAFE_OPERATOR_ORGANIZATION_ID'>,
  ) {}

  @Get()
  @Operation({
    permission: 'service',
    operation: 'operator-entry.prove',
    entity: { type: 'organization', id: null },
    effect: 'read',
    summary: 'The entries of one operation in the operator’s log about one organization, each with its proof',
    answers: { 200: proofs },
  })
  async prove(
    @Query({ schema: about }) { organizationId, operation }: z.output<typeof about>,
  ): Promise<z.output<typeof proofs>> {
    const operator = this.config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID;
    const { entries } = await this.entries.list(operator, {
      filter: { entityType: 'organization', entityId: organizationId, operation },
      ...{ order: 'oldest', limit: MOST, after: null },
    });
    const proven = [];
    const logIds = new Set<string>();
    for (const { logId, index } of entries) {
      const one = await this.proveEntry.prove(operator, { logId, index });
      // Younger than every checkpoint: whoever asks, asks again.
      if (one.status !== 'proven') continue;
      logIds.add(logId);
      proven.push({ operation, leaf: one.leaf.toString('base64'), proof: one.proof });
    }
    const logs = await this.database.forOrganization(operator, (sql) => logsOf(sql, operator));
    return {
      logs: logs.filter(({ logId }) => logIds.has(logId)).map(({ origin, vkey }) => ({ origin, vkey })),
      proofs: proven,
    };
  }
}
