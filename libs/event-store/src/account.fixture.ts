import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { contract, publication } from '@vouchsafe/contracts';
import { decider, eventCatalog, type EventOf, personal, unreachable } from '@vouchsafe/event-sourcing';
import { localKeyProvider, Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { aggregate, type Envelope, inlineProjection, publishing, type RecordedEvent } from './index.js';

/** A small aggregate for this package's tests: an account with a named holder and a balance in cents. */
export const accountEvents = eventCatalog({
  'account-opened': {
    version: 1,
    visibility: 'published',
    schema: z.strictObject({
      accountId: z.string(),
      holderId: z.string(),
      holder: personal(z.string(), { purpose: 'account', subject: 'holderId' }),
    }),
  },
  deposited: { version: 1, visibility: 'private', schema: z.strictObject({ cents: z.int().positive() }) },
});
export type AccountEvent = EventOf<typeof accountEvents>;

export type AccountCommand =
  | { readonly type: 'open'; readonly accountId: string; readonly holderId: string; readonly holder: string }
  | { readonly type: 'deposit'; readonly cents: number };

const account = decider<
  { readonly open: boolean; readonly cents: number; readonly holder: unknown },
  AccountCommand,
  AccountEvent,
  { readonly rejected: 'already-open' | 'not-open' }
>({
  initial: { open: false, cents: 0, holder: null },
  decide: (state, command) => {
    switch (command.type) {
      case 'open': {
        const { accountId, holderId, holder } = command;
        return state.open
          ? { rejected: 'already-open' }
          : [{ type: 'account-opened', data: { accountId, holderId, holder } }];
      }
      case 'deposit':
        return state.open
          ? [{ type: 'deposited', data: { cents: command.cents } }]
          : { rejected: 'not-open' };
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'account-opened':
        return { ...state, open: true, holder: event.data.holder };
      case 'deposited':
        return { ...state, cents: state.cents + event.data.cents };
      default:
        return unreachable(event);
    }
  },
});

const accountBalance = inlineProjection<AccountEvent>({
  name: 'account-balance',
  on: {
    deposited: async (transaction, { stream, data }) => {
      await transaction.query(
        `insert into account_balance (stream, cents) values ($1, $2)
         on conflict (stream) do update set cents = account_balance.cents + excluded.cents`,
        [stream, data.cents],
      );
    },
  },
});

export const accountBalanceMigration = {
  name: 'account-001-balance',
  sql: ({ request, worker }: { request: string; worker: string }) => `
    create table account_balance (stream text primary key, cents bigint not null);
    grant select, insert, update on account_balance to ${request}, ${worker};`,
};

export const accountAggregate = aggregate({
  category: 'account',
  catalog: accountEvents,
  decider: account,
  inline: [accountBalance],
});

const accountOpened = contract({
  type: 'vouchsafe.identity.account-opened.v1',
  summary: 'An account was opened.',
  schema: z.strictObject({ accountId: z.string() }),
});

export const accountPublishing = publishing<AccountEvent>(
  accountEvents,
  (event: RecordedEvent<AccountEvent>) =>
    event.type === 'account-opened'
      ? [publication(accountOpened, { accountId: (event.data as { accountId: string }).accountId })]
      : [],
);

export const envelope: Envelope = {
  actor: { type: 'user', id: 'c0ffee00-0000-4000-8000-000000000001' },
  occurredAt: new Date('2026-01-02T03:04:05.000Z'),
  requestId: 'c0ffee00-0000-4000-8000-000000000002',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

export const organizations = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c02',
] as const;

export async function testVault(): Promise<Vault> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'vouchsafe-kek-')), 'kek.json');
  return new Vault({
    provider: await localKeyProvider(file, { create: true }),
    environment: 'test',
    now: () => new Date(),
  });
}
