/** @promise P31 a certificate is issued when no backup holds anything any more, and never before */
import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { CONFIG, InternalClient, releasedHoldsOn } from '@vouchsafe/service-host';
import { signNote } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { Operator } from '../organization/operator.js';
import type { Expired } from '../purge/purge.decider.js';
import { Purges } from '../purge/purges.js';
import { planOf } from '../termination/plan.js';
import {
  type CertificateLog,
  certificateText,
  type DelayingHold,
  type LoggedFact,
  missingIn,
  provenOperations,
} from './certificate.js';
import { certificateKey } from './certificate-key.js';

const provenEntries = z.strictObject({
  logs: z.array(z.strictObject({ origin: z.string(), vkey: z.string() })),
  proofs: z.array(z.strictObject({ operation: z.string(), leaf: z.string(), proof: z.string() })),
});

type Settings = Pick<LifecycleConfig, 'VOUCHSAFE_PUBLIC_URL' | 'VOUCHSAFE_LOG_NAME' | 'VOUCHSAFE_AUDIT_URL'>;

@Injectable()
export class IssueCertificate {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly operator: Operator,
    private readonly purges: Purges,
    private readonly client: InternalClient,
    @Inject(CONFIG) private readonly settings: Settings,
  ) {}

  /** What it says stands in the operator's log first: the certificate carries the proofs. */
  async issue(state: Expired, at: Date): Promise<void> {
    const { erasureId, erasedOrganizationId } = state;
    const proven = await this.provenFacts(erasedOrganizationId);
    const missing = missingIn(proven.proofs, state.receipts);
    if (missing.length > 0) throw new Error(`The operator's log does not have ${missing.join(', ')} yet`);
    const text = certificateText(state, await this.delayingHolds(state), proven, at);
    await this.database.asWorker(async (transaction) => {
      const { signer } = await certificateKey(transaction, this.vault, this.keyName(), at);
      const note = Buffer.from(signNote(text, signer));
      const sha256 = createHash('sha256').update(note).digest('hex');
      const issued = await this.purges.execute(transaction, erasureId, { type: 'certify', at, sha256 });
      if (issued.events.length > 0)
        await transaction.query('update certificate set note = $2 where erasure_id = $1', [
          erasureId,
          note.toString('utf8'),
        ]);
    });
  }

  /**
   * Those that stood in the way between the day from which data could be deleted and the destruction of the last keys. One that was still
   * there when production was empty came too late to stop anything.
   */
  private async delayingHolds(state: Expired): Promise<DelayingHold[]> {
    const { erasedOrganizationId, endedAt, noticedAt, erasedAt, backupPolicy, receipts } = state;
    const noticed = noticedAt === null ? null : new Date(noticedAt);
    const { purgeFrom } = planOf(new Date(endedAt), noticed, backupPolicy);
    const destroyed = new Date(Math.max(...receipts.map(({ destroyedAt }) => Date.parse(destroyedAt))));
    const holds = await this.database.asWorker((sql) =>
      releasedHoldsOn(sql, erasedOrganizationId, {
        ...{ placedBefore: destroyed, releasedFrom: purgeFrom, releasedUntil: new Date(erasedAt) },
      }),
    );
    return holds.map(({ holdId, placedAt, releasedAt }) => ({
      ...{ holdId, placedAt: placedAt.toISOString(), releasedAt: releasedAt.toISOString() },
    }));
  }

  private keyName() {
    const { VOUCHSAFE_LOG_NAME: name, VOUCHSAFE_PUBLIC_URL: url } = this.settings;
    const { organizationId } = this.operator;
    return { organizationId, name: `${name ?? new URL(url).host}/certificates` };
  }

  private async provenFacts(organizationId: string) {
    const logs = new Map<string, CertificateLog>();
    const proofs: LoggedFact[] = [];
    for (const operation of provenOperations) {
      const answer = await this.client.ask({
        ...{ audience: 'audit', origin: this.settings.VOUCHSAFE_AUDIT_URL },
        path: `/internal/operator-entries?organizationId=${organizationId}&operation=${operation}`,
        answer: provenEntries,
      });
      for (const log of answer.logs) logs.set(log.origin, log);
      proofs.push(...answer.proofs);
    }
    return { logs: [...logs.values()], proofs };
  }
}
