import path from 'node:path';
import type * as EntrySearch from '../../services/audit/src/entry/entry-search.ts';
import type * as Record from '../../services/audit/src/log/record.ts';
import type * as SearchKeys from '../../services/audit/src/log/search-keys.ts';
import type * as Migrations from '../../services/audit/src/persistence/migrations.ts';
import type * as Retention from '../../services/audit/src/retention/follow-retention.ts';
import type * as AccessLog from '../../services/audit/src/reactions/access-log.ts';

/** Files of the audit service as it was built, loaded when a row asks for them; the types are those of the sources. */
const load = async <Exports>(file: string): Promise<Exports> =>
  (await import(path.join(import.meta.dirname, '../../services/audit/dist', file))) as Exports;

export const auditPackage = {
  search: () => load<typeof EntrySearch>('entry/entry-search.js'),
  searchKeys: () => load<typeof SearchKeys>('log/search-keys.js'),
  migrations: () => load<typeof Migrations>('persistence/migrations.js'),
  accessLog: () => load<typeof AccessLog>('reactions/access-log.js'),
  retention: () => load<typeof Retention>('retention/follow-retention.js'),
  record: () => load<typeof Record>('log/record.js'),
};
