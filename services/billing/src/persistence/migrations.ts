import type { SqlMigration } from '@vouchsafe/database';
import { observationMigrations } from './observation-migrations.js';
import { ofNobody, ofOrganizations } from './tables.js';

export const billingMigrations: readonly SqlMigration[] = [
  {
    name: 'billing-001-customer',
    sql: (roles) => `
      create table customer (
        organization_id uuid not null,
        customer_id text primary key,
        created_at timestamptz not null,
        -- One that was deleted at Stripe is followed by another; what it bought is still the organization's.
        replaced_at timestamptz
      );
      create unique index customer_current on customer (organization_id) where replaced_at is null;
      ${ofOrganizations('customer', roles)}
      grant select, insert, update (replaced_at) on customer to ${roles.request};
      grant select on customer to ${roles.worker};`,
  },
  {
    name: 'billing-002-intent',
    sql: (roles) => `
      create table intent (
        organization_id uuid not null,
        intent_id uuid primary key,
        due_at timestamptz not null,
        tries int not null default 0
      );
      create index intent_due_at on intent (due_at);
      ${ofOrganizations('intent', roles)}
      grant select, insert, delete on intent to ${roles.request};
      grant select, update on intent to ${roles.worker};`,
  },
  ...observationMigrations,
  {
    name: 'billing-005-stripe-key',
    sql: (roles) => `
      create table stripe_key (
        organization_id uuid primary key,
        key_sealed text not null,
        last_four text not null,
        set_by uuid not null,
        set_at timestamptz not null
      );
      ${ofOrganizations('stripe_key', roles)}
      grant select, insert, update, delete on stripe_key to ${roles.request};
      grant select on stripe_key to ${roles.worker};`,
  },
  {
    name: 'billing-006-price',
    sql: ({ worker }) => `
      create table price (
        price_id text primary key,
        product text not null,
        unit_amount bigint not null,
        currency text not null,
        "interval" text not null,
        interval_count int not null,
        observed_at timestamptz not null
      );
      -- They are nobody's: what is sold. Every instance holds them in memory, so no request reads them here.
      ${ofNobody('price', worker)}
      grant select, insert, update, delete on price to ${worker};`,
  },
  {
    name: 'billing-007-stripe-key-checks',
    sql: (roles) => `
      -- How many keys of an organization's were checked at Stripe within a window that begins with the first.
      create table stripe_key_checks (
        organization_id uuid primary key,
        checks int not null,
        window_ends_at timestamptz not null
      );
      ${ofOrganizations('stripe_key_checks', roles)}
      grant select, insert, update on stripe_key_checks to ${roles.request};`,
  },
  {
    name: 'billing-008-intent-target',
    sql: ({ request }) => `
      -- What the order changes at Stripe: one order at a time, and one that was set aside (due_at null) gives way.
      alter table intent add column target text;
      alter table intent alter column due_at drop not null;
      create unique index intent_target on intent (organization_id, target) where target is not null;
      grant update (due_at, tries) on intent to ${request};`,
  },
  {
    name: 'billing-009-purge',
    sql: (roles) => `
      -- Whether an organization has a live subscription at Stripe, asked before its data is deleted (P31); a due table.
      create table purge_check (
        organization_id uuid primary key,
        -- The termination that it is asked for.
        epoch int not null,
        due_at timestamptz not null,
        tries int not null default 0
      );
      create index purge_check_due_at on purge_check (due_at);
      ${ofOrganizations('purge_check', roles)}
      grant select, insert, update, delete on purge_check to ${roles.worker};
      -- Whose an object was when it was read last, so that it goes with its organization.
      alter table stripe_object add column organization_id uuid;
      create index stripe_object_by_organization on stripe_object (organization_id);
      create index inbox_by_object on inbox (object_id);
      grant delete on stripe_object to ${roles.worker};
      grant update (object_id, request) on inbox to ${roles.worker};`,
  },
  {
    name: 'billing-010-intent-customer',
    sql: ({ request }) => `
      -- For which customer Stripe was asked: one that was deleted since is replaced, and the order is not carried out again for the next.
      alter table intent add column customer_id text;
      grant update (customer_id) on intent to ${request};
      -- Events at Stripe up to this time were looked through by a comparison, whether or not it came to its end.
      alter table reconciliation add column events_listed_at timestamptz;`,
  },
];
