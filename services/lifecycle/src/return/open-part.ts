import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isErased } from '@vouchsafe/event-sourcing';
import { type Caller, organizationOf, problem } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { BodyStore } from '../attachment/body-store.js';
import type { Asked } from '../attachment/byte-range.js';
import { openBody, type OpenedBody } from '../attachment/open-body.js';
import { contextOf } from './part-context.js';
import { ReturnPartRow, ReturnRow } from './return.entity.js';

export interface OpenedPart extends OpenedBody {
  readonly sha256: string;
}

@Injectable()
export class OpenPart {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly bodies: BodyStore,
  ) {}

  /**
   * Of an archive that is whole, and no other: half of one is never given out.
   * @param dataRequestId the request that the archive answers; null for the organization's own
   */
  async open(
    caller: Caller,
    returnId: string,
    number: number,
    asked: Asked,
    dataRequestId: string | null = null,
  ): Promise<OpenedPart> {
    const organizationId = organizationOf(caller);
    const { partId, size, sha256, key } = await this.find(
      organizationId,
      { returnId, dataRequestId },
      number,
    );
    const id = { organizationId, attachmentId: partId };
    const context = contextOf(partId, 'returnPart');
    const opened = await openBody(this.bodies, id, { key, context, size }, asked);
    return { ...opened, sha256: sha256 ?? '' };
  }

  private find(
    organizationId: string,
    which: { readonly returnId: string; readonly dataRequestId: string | null },
    number: number,
  ) {
    return this.database.forOrganization(organizationId, async (transaction) => {
      const entityManager = await transaction.entityManager();
      const { returnId } = which;
      const row = await entityManager.findOne(ReturnRow, which);
      if (!row) throw problem('not-found');
      if (row.status === 'expired' || row.status === 'deleted' || row.status === 'cancelled')
        throw problem('gone');
      const part =
        row.status === 'ready' &&
        (await entityManager.findOne(
          ReturnPartRow,
          { returnId, number, status: 'kept' },
          { populate: ['keySealed'] },
        ));
      if (!part) throw problem('not-found');
      const { partId, size, sha256 } = part;
      const key = await this.vault.openStreamKey(
        transaction,
        { organizationId, subjectId: row.userId ?? null },
        contextOf(partId, 'returnPartKey'),
        part.keySealed,
      );
      if (isErased(key)) throw problem('gone');
      return { partId, size, sha256, key };
    });
  }
}
