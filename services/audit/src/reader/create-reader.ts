import { Injectable } from '@nestjs/common';
import { EventStore } from '@vouchsafe/event-store';
import { type Caller, Clock, createOnce, envelopeOf, Ids } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { logsOf } from '../log/log-reader.js';
import { insertReader, newReaderToken, type Reader } from './reader.js';

export interface NewReader {
  /** Whom it is given to. */
  readonly name: string;
  /** The open log where it is left out. */
  readonly logId?: string | undefined;
  readonly expiresAt?: string | null | undefined;
}

export interface CreatedReader extends Reader {
  /** Anyone who knows it may read: shown once, and null when the same request is sent again. */
  readonly path: string | null;
  readonly origin: string;
  readonly vkey: string;
}

export type ReaderRejection = 'unknown-log' | 'expires-in-the-past';

/** Gives an auditor a path of their own to a log's checkpoints and tiles. */
@Injectable()
export class CreateReader {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** @param key the request's `Idempotency-Key` */
  async create(
    organizationId: string,
    caller: Caller,
    asked: NewReader,
    key: string | undefined,
  ): Promise<CreatedReader | { readonly rejected: ReaderRejection }> {
    const at = this.clock.now();
    const request = { organizationId, caller, operation: 'audit-reader.create', key, request: asked, at };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, request, async () => {
        const logs = await logsOf(unit, organizationId);
        const log = asked.logId
          ? logs.find(({ logId }) => logId === asked.logId)
          : logs.find(({ closedAt }) => !closedAt);
        if (!log) return { rejected: 'unknown-log' } as const;
        const expiresAt = asked.expiresAt ?? null;
        if (expiresAt !== null && new Date(expiresAt) <= at)
          return { rejected: 'expires-in-the-past' } as const;
        const reader = {
          readerId: this.ids.newId(),
          logId: log.logId,
          name: asked.name,
          createdBy: caller.actor.id,
          createdAt: at.toISOString(),
          expiresAt,
        };
        const token = newReaderToken();
        await insertReader(unit, this.vault, organizationId, reader, token);
        const shown = { ...reader, revokedAt: null, origin: log.origin, vkey: log.vkey };
        return { body: { ...shown, path: `/v1/audit/logs/${token}` }, keep: { ...shown, path: null } };
      }),
    );
  }
}
