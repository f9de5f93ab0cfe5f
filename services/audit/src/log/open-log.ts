import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock } from '@vouchsafe/service-host';
import { z } from 'zod';
import { hashOfToken, isReaderToken } from '../reader/reader.js';

/** Whose log is read, and whether by a member with `audit:read` or along a reader's path. */
export interface LogAccess {
  readonly organizationId: string;
  readonly logId: string;
  readonly entries: boolean;
}

export type LogRejection = 'unknown-log' | 'unknown-caller' | 'not-permitted';

/** Finds the log that a path names, by its own id or a reader's, and whether the caller may read it. */
@Injectable()
export class OpenLog {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async open(log: string, caller: Caller): Promise<LogAccess | { readonly rejected: LogRejection }> {
    if (isReaderToken(log)) {
      const [found] = await this.database.beforeOrganization((sql) =>
        sql.query<{ organization_id: string; log_id: string }>('select * from lookup.log_of_reader($1, $2)', [
          hashOfToken(log),
          this.clock.now().toISOString(),
        ]),
      );
      if (!found) return { rejected: 'unknown-log' };
      return { organizationId: found.organization_id, logId: found.log_id, entries: false };
    }
    if (!z.uuid().safeParse(log).success) return { rejected: 'unknown-log' };
    if (caller.organizationId === null) return { rejected: 'unknown-caller' };
    if (!caller.permissions.includes('audit:read')) return { rejected: 'not-permitted' };
    return { organizationId: caller.organizationId, logId: log, entries: true };
  }
}
