import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { EmailOutbox } from '../email/email-outbox.js';
import { Operator } from '../operator.js';

@Injectable()
export class RequestPasswordReset {
  constructor(
    private readonly database: Database,
    private readonly operator: Operator,
    private readonly emails: EmailOutbox,
  ) {}

  /** Always the same answer, after the same work: the outbox finds out later whether there is an account (ASVS 6.3.8). */
  async request(email: string): Promise<void> {
    const { organizationId } = this.operator;
    await this.database.forOrganization(organizationId, (transaction) =>
      this.emails.post(transaction, {
        organizationId,
        subjectId: null,
        content: { kind: 'password-reset-requested', email },
      }),
    );
  }
}
