import type { SqlMigration } from '@vouchsafe/database';
import { ofNobody, ofOrganizations } from './tables.js';

/** Events of Stripe, and the objects that must be read because of them. */
export const observationMigrations: readonly SqlMigration[] = [
  {
    name: 'billing-003-inbox',
    sql: ({ worker, retention }) => `
      create table stripe_object (
        object_id text primary key,
        object_type text not null,
        -- Of the latest request to look at it.
        source text not null,
        event_id text,
        -- How many looks were asked for, and how many of these are answered: a look answers all that came before it.
        requested bigint not null,
        observed bigint not null default 0,
        due_at timestamptz,
        attempts int not null default 0,
        error text,
        lease bigint not null default 0,
        leased_until timestamptz,
        content_hash text
      );
      create index stripe_object_due_at on stripe_object (due_at) where due_at is not null;
      create table inbox (
        account text not null,
        event_id text not null,
        type text not null,
        object_id text,
        api_version text,
        created_at timestamptz not null,
        received_at timestamptz not null,
        source text not null,
        -- Which of its object's requests; null where nothing is done about the event.
        request bigint,
        primary key (account, event_id)
      );
      create index inbox_received_at on inbox (received_at);
      create index inbox_failed_attempt on inbox (object_id)
        where type in ('setup_intent.setup_failed', 'payment_intent.payment_failed');
      -- Whose an event is, is not known before its object was read: no request sees these (P19).
      ${ofNobody('stripe_object', `${worker}, ${retention}`)}
      ${ofNobody('inbox', `${worker}, ${retention}`)}
      grant select, insert, update on stripe_object to ${worker};
      grant select, insert, delete on inbox to ${worker};
      grant select, delete on stripe_object, inbox to ${retention};
      create table reconciliation (
        only_row boolean primary key default true check (only_row),
        started_at timestamptz,
        finished_at timestamptz,
        -- When customers at Stripe that we have no record of were looked for.
        customers_listed_at timestamptz
      );
      insert into reconciliation default values;
      ${ofNobody('reconciliation', worker)}
      grant select, update on reconciliation to ${worker};`,
  },
  {
    name: 'billing-004-registers',
    sql: (roles) => `
      create table subscription (
        organization_id uuid not null,
        subscription_id text primary key,
        customer_id text not null,
        status text not null,
        items jsonb not null,
        currency text not null,
        created_at timestamptz not null,
        started_at timestamptz not null,
        current_period_start timestamptz,
        current_period_end timestamptz,
        trial_end timestamptz,
        cancels_at timestamptz,
        canceled_at timestamptz,
        ended_at timestamptz,
        collection_paused boolean not null,
        observed_at timestamptz not null,
        unique (organization_id, created_at, subscription_id)
      );
      create table invoice (
        organization_id uuid not null,
        invoice_id text primary key,
        customer_id text not null,
        subscription_id text,
        number text,
        status text not null,
        billing_reason text,
        currency text not null,
        total bigint not null,
        amount_due bigint not null,
        amount_paid bigint not null,
        amount_remaining bigint not null,
        attempt_count int not null,
        attempted boolean not null,
        next_attempt_at timestamptz,
        created_at timestamptz not null,
        due_at timestamptz,
        period_start timestamptz not null,
        period_end timestamptz not null,
        finalized_at timestamptz,
        paid_at timestamptz,
        marked_uncollectible_at timestamptz,
        voided_at timestamptz,
        observed_at timestamptz not null,
        unique (organization_id, created_at, invoice_id)
      );
      create table payment_method (
        organization_id uuid not null,
        payment_method_id text primary key,
        customer_id text,
        kind text not null,
        card_sealed text,
        created_at timestamptz not null,
        detached_at timestamptz,
        observed_at timestamptz not null,
        unique (organization_id, created_at, payment_method_id)
      );
      create table stripe_customer (
        organization_id uuid not null,
        customer_id text primary key,
        is_deleted boolean not null,
        default_payment_method_id text,
        observed_at timestamptz not null
      );
      ${['subscription', 'invoice', 'payment_method', 'stripe_customer']
        .map(
          (table) => `${ofOrganizations(table, roles)}
      grant select on ${table} to ${roles.request};
      grant select, insert, update on ${table} to ${roles.worker};`,
        )
        .join('\n')}`,
  },
];
