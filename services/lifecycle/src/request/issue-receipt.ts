/** @promise P10 the data subject gets a receipt of the erasure that is signed as certificates are */
import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '@vouchsafe/database';
import { Clock, CONFIG } from '@vouchsafe/service-host';
import { canonicalJson, signNote } from '@vouchsafe/transparency-log';
import { Vault } from '@vouchsafe/vault';
import { certificateKey } from '../certificate/certificate-key.js';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { Operator } from '../organization/operator.js';
import type { There } from './data-requests.js';

/** First line of the note: it tells a receipt from a certificate, which the same key signs. */
const TITLE = 'vouchsafe erasure receipt v1';

@Injectable()
export class IssueReceipt {
  constructor(
    private readonly vault: Vault,
    private readonly operator: Operator,
    private readonly clock: Clock,
    @Inject(CONFIG)
    private readonly settings: Pick<LifecycleConfig, 'VOUCHSAFE_PUBLIC_URL' | 'VOUCHSAFE_LOG_NAME'>,
  ) {}

  /** For a request whose erasure every service has carried out; as `worker`, in the transaction that notes the last of them. */
  async issue(transaction: Transaction, organizationId: string, state: There): Promise<void> {
    if (!('fulfilledAt' in state) || state.erasure === null) return;
    const { dataRequestId, userId, receivedAt, fulfilledAt, exceptions, erasure } = state;
    const at = this.clock.now();
    // Clocks of machines differ.
    const issuedAt = new Date(Math.max(at.getTime(), Date.parse(fulfilledAt))).toISOString();
    const receipt = {
      ...{ format: 'vouchsafe-erasure-receipt', version: 1, issuedAt },
      ...{ dataRequestId, organizationId, userId, receivedAt, fulfilledAt },
      ...{ erasureId: erasure.erasureId, previewHash: erasure.previewHash },
      services: erasure.receipts.map((one) => ({
        ...one,
        retained: one.retained.map((kept) => ({ ...kept })),
      })),
      exceptions: exceptions.map((kept) => ({ ...kept })),
    };
    const { signer } = await certificateKey(transaction, this.vault, this.keyName(), at);
    const note = Buffer.from(signNote(`${TITLE}\n${canonicalJson(receipt)}\n`, signer)).toString('utf8');
    await transaction.query('update data_request set receipt = $2 where data_request_id = $1', [
      dataRequestId,
      note,
    ]);
  }

  /** As certificates of deletion: the first line says which of both a note is. */
  private keyName() {
    const { VOUCHSAFE_LOG_NAME: name, VOUCHSAFE_PUBLIC_URL: url } = this.settings;
    const { organizationId } = this.operator;
    return { organizationId, name: `${name ?? new URL(url).host}/certificates` };
  }
}
