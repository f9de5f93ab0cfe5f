import { Inject, Injectable } from '@nestjs/common';
import {
  type Period,
  retentionPolicies,
  type RetentionPolicy,
  type RetentionPolicyId,
  retentionPolicyIds,
  serviceNames,
} from '@vouchsafe/contracts';
import { CONFIG, type InventoryLine, readInventories } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { LifecycleConfig } from '../lifecycle.config.js';

export const duration = z.string().describe('ISO 8601: `PT15M`, `P30D`, `P12M`');

export const retentionPolicyView = z
  .strictObject({
    policyId: z.string(),
    covers: z.string().describe('What it is about'),
    services: z.array(z.string()).describe('The services that carry it out'),
    stores: z.array(z.string()).describe('Tables, folders (by the setting that names them) and topics'),
    purposes: z.array(z.string()).describe('What its personal fields are kept for'),
    fields: z
      .array(
        z.strictObject({
          service: z.string().describe('The service that keeps it'),
          place: z.string().describe('The event type, contract or column'),
          field: z.string().describe('The field in it'),
        }),
      )
      .describe(
        'The personal fields that it covers, as in the data inventory; none where it covers other data',
      ),
    period: duration
      .nullable()
      .describe('How long the data is kept; null where an event ends it, not a time'),
    from: z.string().nullable().describe('From when the period counts'),
    kept: z.string().describe('Until when, in words'),
    action: z
      .enum(['delete', 'anonymize', 'destroy-key'])
      .describe('What happens then; `destroy-key`: nobody can read the values any more'),
    legalBasis: z.string().describe('Why it is kept so long and no longer'),
    floor: duration.nullable().describe('The shortest period that can be set'),
    ceiling: duration.nullable().describe('The longest period that can be set, or that is promised'),
    setting: z.string().nullable().describe('The environment variable that sets the period'),
  })
  .meta({ id: 'RetentionPolicy' });
export type RetentionPolicyView = z.infer<typeof retentionPolicyView>;

export type PeriodSettings = Pick<
  LifecycleConfig,
  'VOUCHSAFE_AUDIT_RETENTION_MONTHS' | 'VOUCHSAFE_BACKUPS_KEPT_DAYS'
>;

@Injectable()
export class ReadRetentionPolicies {
  readonly inventory: readonly InventoryLine[];
  private readonly policies: readonly RetentionPolicyView[];

  constructor(@Inject(CONFIG) config: PeriodSettings & Pick<LifecycleConfig, 'VOUCHSAFE_INVENTORY_FOLDER'>) {
    this.inventory = readInventories(config.VOUCHSAFE_INVENTORY_FOLDER);
    this.policies = policiesOf(this.inventory, config);
  }

  list(): readonly RetentionPolicyView[] {
    return this.policies;
  }

  read(id: string): RetentionPolicyView | undefined {
    return this.policies.find(({ policyId }) => policyId === id);
  }
}

/** @param settings periods that this deployment has in place of those that ship */
export function policiesOf(
  inventory: readonly InventoryLine[],
  settings: PeriodSettings,
): RetentionPolicyView[] {
  const set: Partial<Record<RetentionPolicyId, Period>> = {
    'audit-log': { months: settings.VOUCHSAFE_AUDIT_RETENTION_MONTHS },
    'database-backups': { days: settings.VOUCHSAFE_BACKUPS_KEPT_DAYS },
  };
  return retentionPolicyIds.map((policyId) => {
    const { services, stores, period, floor, ceiling, ...policy }: RetentionPolicy =
      retentionPolicies[policyId];
    const lines = inventory.filter(({ policies }) => policies.includes(policyId));
    return {
      policyId,
      ...policy,
      services: [...(services === 'all' ? serviceNames : services)],
      stores: [...stores],
      purposes: [...new Set(lines.map(({ purpose }) => purpose))].sort(),
      fields: lines.map(({ service, place, field }) => ({ service, place, field })),
      period: isoDuration(set[policyId] ?? period),
      floor: isoDuration(floor),
      ceiling: isoDuration(ceiling),
    };
  });
}

function isoDuration(period: Period | null): string | null {
  if (period === null) return null;
  if ('months' in period) return `P${period.months}M`;
  if ('days' in period) return `P${period.days}D`;
  return 'hours' in period ? `PT${period.hours}H` : `PT${period.minutes}M`;
}
