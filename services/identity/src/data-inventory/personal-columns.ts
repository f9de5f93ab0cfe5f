import type { Purpose } from '@vouchsafe/event-sourcing';

/** What a column holds. `sealed`: under the subject's key in the vault; `hashed`: one way; `clear`: as it is. */
export interface PersonalColumn {
  readonly table: string;
  readonly column: string;
  readonly holds: string;
  readonly purpose: Purpose;
  readonly form: 'sealed' | 'hashed' | 'clear';
  /** How long it stays. */
  readonly retention: string;
}

const WHILE_MEMBER = 'until the person leaves or is erased';

/**
 * Personal values in tables other than events (P18). A spec reads the real schema and fails for a column of text or bytes that is
 * neither here nor in `impersonalColumns`.
 */
export const personalColumns: readonly PersonalColumn[] = [
  {
    table: 'account',
    column: 'email_sealed',
    holds: 'e-mail address',
    purpose: 'account',
    form: 'sealed',
    retention: 'until the person is erased',
  },
  {
    table: 'account',
    column: 'name_sealed',
    holds: 'name',
    purpose: 'account',
    form: 'sealed',
    retention: 'until the person is erased',
  },
  {
    table: 'consent',
    column: 'source_ip_sealed',
    holds: 'IP address of an acceptance',
    purpose: 'contract',
    form: 'sealed',
    retention: 'until the person is erased',
  },
  {
    table: 'consent',
    column: 'user_agent_sealed',
    holds: 'browser of an acceptance',
    purpose: 'contract',
    form: 'sealed',
    retention: 'until the person is erased',
  },
  {
    table: 'invitation',
    column: 'email_sealed',
    holds: 'e-mail address of an invited person',
    purpose: 'communication',
    form: 'sealed',
    retention: 'until the invitation is erased',
  },
  {
    table: 'invitation',
    column: 'email_hash',
    holds: 'keyed hash of the e-mail address of an invited person',
    purpose: 'communication',
    form: 'hashed',
    retention: 'until the person is erased',
  },
  {
    table: 'email_address',
    column: 'email_hash',
    holds: 'keyed hash of the e-mail address',
    purpose: 'authentication',
    form: 'hashed',
    retention: WHILE_MEMBER,
  },
  {
    table: 'password',
    column: 'hash',
    holds: 'argon2id hash of the password',
    purpose: 'authentication',
    form: 'hashed',
    retention: WHILE_MEMBER,
  },
  {
    table: 'authenticator',
    column: 'secret_sealed',
    holds: 'secret of an authenticator app',
    purpose: 'authentication',
    form: 'sealed',
    retention: WHILE_MEMBER,
  },
  {
    table: 'recovery_code',
    column: 'code_hash',
    holds: 'hash of a recovery code',
    purpose: 'authentication',
    form: 'hashed',
    retention: WHILE_MEMBER,
  },
  {
    table: 'session',
    column: 'source_ip_sealed',
    holds: 'IP address of a log-in',
    purpose: 'security',
    form: 'sealed',
    retention: '30 days after the session ended',
  },
  {
    table: 'session',
    column: 'user_agent_sealed',
    holds: 'browser of a log-in',
    purpose: 'security',
    form: 'sealed',
    retention: '30 days after the session ended',
  },
  {
    table: 'attempt_limit',
    column: 'attempt_key',
    holds: 'keyed hash of an e-mail address, alone and with a network, or of a session, with failed proofs',
    purpose: 'security',
    form: 'hashed',
    retention: '15 minutes, removed within an hour; or until a log-in succeeds',
  },
  {
    table: 'letter_limit',
    column: 'email_hash',
    holds: 'keyed hash of an e-mail address that letters were sent to',
    purpose: 'security',
    form: 'hashed',
    retention: 'an hour, removed within another one',
  },
  {
    table: 'letter',
    column: 'content_sealed',
    holds: 'e-mail address and content of a letter that is not sent yet',
    purpose: 'communication',
    form: 'sealed',
    retention: 'until the letter is sent',
  },
];

/** Text and bytes of this service's own tables that are about nobody, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'organization.name': "the customer's name",
  'organization.status': 'one of a closed set',
  'member.role': 'one of a closed set',
  'consent.document': 'one of a closed set',
  'consent.version': 'of a published text',
  'consent.sha256': 'of a published text',
  'invitation.role': 'one of a closed set',
  'invitation.status': 'one of a closed set',
  'authenticator.kind': 'one of a closed set',
  'link_token.token_hash': 'hash of random bits',
  'link_token.purpose': 'one of a closed set',
  'session.session_hash': 'hash of random bits',
  'session.level': 'one of a closed set',
  'log_in_challenge.challenge_hash': 'hash of random bits',
  'log_in_challenge.next': 'one of a closed set',
  'log_in_challenge.level': 'one of a closed set',
  'api_key.key_hash': 'hash of random bits',
  'api_key.start': 'the first characters of random text',
  'api_key.name': "a program's name, chosen by an administrator",
  'letter_limit.about': 'one of a closed set',
  'letter.kind': 'one of a closed set',
  'letter.idempotency_key': 'a kind and a random id',
  'letter.last_error': "an error's code",
};
