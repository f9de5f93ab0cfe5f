/** @promise P10, P31 removes emails, those that wait and those that are files */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  countRows,
  type DataStore,
  type OrganizationRemoval,
  type PersonRemoval,
} from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { addressOf } from '../email-address.js';
import { MailFolder } from '../email/mail-folder.js';

@Injectable()
export class EmailsStore implements DataStore {
  readonly name = 'emails';
  readonly places = ['email', 'VOUCHSAFE_MAIL_FOLDER'];
  /** Of what happened, which the log says; some hold links that log a person in (P22). */
  readonly returned = { nothing: 'secret' } as const;
  readonly access = { nothing: 'secret' } as const;

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly mailFolder: MailFolder,
  ) {}

  readonly recordsOf: NonNullable<DataStore['recordsOf']> = ({ subjects }) =>
    countRows(this.database, 'select from email where subject_id = any ($1::uuid[])', [subjects]);

  readonly person: PersonRemoval = {
    // Files whose rows are gone are found by the address alone.
    beforeKeys: ({ organizationId, userId }, destroy) =>
      destroy.outside(() =>
        this.mailFolder.removeEmailsTo(() =>
          this.database.forOrganization(organizationId, (sql) =>
            addressOf(this.vault, sql, { organizationId, userId }),
          ),
        ),
      ),
    remove: async ({ subjects }, destroy) => {
      const emails = await this.database.asRetention((sql) =>
        sql.query<{ email_id: string }>('select email_id from email where subject_id = any ($1::uuid[])', [
          subjects,
        ]),
      );
      await destroy.outside(() => this.mailFolder.removeEmails(emails.map(({ email_id }) => email_id)));
      await destroy((sql) => sql.query('delete from email where subject_id = any ($1::uuid[])', [subjects]));
    },
  };

  readonly organization: OrganizationRemoval = {
    count: async (organizationId) => {
      const files = await this.filesBesidesOthers(organizationId);
      const rows = await this.database.asRetention((sql) =>
        sql.query<{ email_id: string }>('select email_id from email where organization_id = $1', [
          organizationId,
        ]),
      );
      return new Set([...files, ...rows.map(({ email_id }) => email_id)]).size;
    },
    remove: async (organizationId, destroy) => {
      const files = await this.filesBesidesOthers(organizationId);
      await destroy.outside(() => this.mailFolder.removeEmails(files));
      await destroy((sql) => sql.query('delete from email where organization_id = $1', [organizationId]));
    },
  };

  /**
   * A file names nobody's organization. One whose row is gone has no reason to be there, whoever's it was. The folder is read first: an email
   * has its row before its file.
   */
  private async filesBesidesOthers(organizationId: string): Promise<string[]> {
    const files = await this.mailFolder.emailIds();
    if (files.length === 0) return [];
    const others = await this.database.asRetention((sql) =>
      sql.query<{ email_id: string }>(
        'select email_id from email where email_id = any ($1::uuid[]) and organization_id <> $2',
        [files, organizationId],
      ),
    );
    const known = new Set(others.map(({ email_id }) => email_id));
    return files.filter((id) => !known.has(id));
  }
}
