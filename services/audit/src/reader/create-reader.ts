import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock, type Created, createOnce, Ids } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { logsOf } from '../log/log-reader.js';
import { insertReader, newReaderToken, type Reader } from './reader.js';

export interface NewReader {
  /** Who it is given to. */
  readonly name: string;
  /** The open log where it is left out. */
  readonly logId?: string | undefined;
  readonly expiresAt?: string | null | undefined;
}

export interface CreatedReader extends Reader {
  /** Whoever knows it may read: shown once, and null when the same request comes again. */
  readonly path: string | null;
  readonly origin: string;
  readonly vkey: string;
}

export type ReaderRejection = 'unknown-log' | 'expires-in-the-past';

/** Gives an auditor a path of their own to a log's checkpoints and tiles. */
@Injectable()
export class CreateReader {
  constructor(
    private readonly database: Database,
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
    try {
      return await this.database.forOrganization(organizationId, (sql) =>
        createOnce(this.vault, sql, request, async (): Promise<Created<CreatedReader>> => {
          const logs = await logsOf(sql, organizationId);
          const log = asked.logId
            ? logs.find(({ logId }) => logId === asked.logId)
            : logs.find(({ closedAt }) => !closedAt);
          if (!log) throw new NotCreated('unknown-log');
          const expiresAt = asked.expiresAt ?? null;
          if (expiresAt !== null && new Date(expiresAt) <= at) throw new NotCreated('expires-in-the-past');
          const reader = {
            readerId: this.ids.newId(),
            logId: log.logId,
            name: asked.name,
            createdBy: caller.actor.id,
            createdAt: at.toISOString(),
            expiresAt,
          };
          const token = newReaderToken();
          await insertReader(sql, this.vault, organizationId, reader, token);
          const shown = { ...reader, revokedAt: null, origin: log.origin, vkey: log.vkey };
          return { body: { ...shown, path: `/v1/audit/logs/${token}` }, keep: { ...shown, path: null } };
        }),
      );
    } catch (error) {
      if (error instanceof NotCreated) return { rejected: error.rejection };
      throw error;
    }
  }
}

/** Rolls the transaction back: a rejected request leaves no idempotency key, so that it can be tried again. */
class NotCreated extends Error {
  override readonly name = 'NotCreated';

  constructor(readonly rejection: ReaderRejection) {
    super(rejection);
  }
}
