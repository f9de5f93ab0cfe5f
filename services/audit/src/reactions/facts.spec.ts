import { describe, expect, it } from '@jest/globals';
import { contract, identityFacts } from '@vouchsafe/contracts';
import { organizationId } from '@vouchsafe/event-sourcing';
import { z } from 'zod';
import { ada, ours } from '../testing/audit-database.js';
import { factEntry } from './facts.js';

const [deskId, userId] = ['0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7'];
const actor = z.strictObject({ type: z.string(), id: z.string() });
const schema = z.strictObject({ organizationId, actor, deskId: z.uuid().nullable(), userId: z.uuid() });
const definition = { type: 'vouchsafe.gateway.desk-moved.v1', summary: 'For this suite.', schema } as const;
const data = {
  ...{ organizationId: ours, actor: { type: 'user', id: ada }, requestId: null, deskId, userId },
  occurredAt: '2026-11-28T10:00:00.000Z',
};

describe('the entry of a fact of any service', () => {
  const moved = contract({ ...definition, entity: { type: 'desk', id: 'deskId' } });

  it('is about the entity that the contract declares, whatever else the fact names', () => {
    const entry = factEntry(moved)(data);
    expect(entry).toMatchObject({ operation: 'gateway.desk-moved', entity: { type: 'desk', id: deskId } });
    expect(entry.outcome).toBe('success');
  });

  it('is about the organization where the fact has no such entity', () => {
    expect(factEntry(moved)({ ...data, deskId: null }).entity).toEqual({ type: 'organization', id: ours });
  });

  it('has the outcome that the contract declares', () => {
    expect(factEntry({ ...moved, outcome: 'denied' })(data).outcome).toBe('denied');
  });

  it('is made of no contract that does not say what it is about', () => {
    expect(() => factEntry(contract(definition))).toThrow(
      'vouchsafe.gateway.desk-moved.v1 is recorded and declares no entity',
    );
  });

  it('is made of no receipt of a single service, which says nothing of who did it', () => {
    const { organizationErased, holdConfirmed } = identityFacts;
    expect(() => factEntry(organizationErased)).toThrow(
      `${organizationErased.type} is recorded and declares no entity`,
    );
    expect(() => factEntry(holdConfirmed)).toThrow(
      `${holdConfirmed.type} is recorded and does not say who did it`,
    );
  });
});
