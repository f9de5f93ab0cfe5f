import { describe, expect, it } from '@jest/globals';
import { contract } from '@vouchsafe/contracts';
import { VaultError } from '@vouchsafe/vault';
import { z } from 'zod';
import { readMessage } from '../cloud-events.js';
import { readFact } from './facts.js';
import { describeFailure } from './failure.js';
import { RefusedFactError } from './reaction.js';

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('what is kept of a failure', () => {
  it('is the class of the error and the location in the code, not its message', () => {
    const renamed = Object.assign(new RangeError('Ada is out of range'), { name: 'Ada' });
    expect(describeFailure(renamed)).toMatch(/^RangeError at failure\.spec\.ts:\d+$/);
    const message = 'Ada\n    at Ada (ada.ts:1:1)';
    expect(describeFailure(new Error(message))).toMatch(/^Error at failure\.spec\.ts:\d+$/);
    const changed = new Error(message);
    expect(changed.stack).toContain('Ada');
    changed.message = 'Grace';
    expect(describeFailure(changed)).toBe('Error');
    expect(describeFailure('Ada')).toBe('A value that is not an Error was thrown');
  });

  it("is a database's code and constraint, through the wrapping of the ORM", () => {
    const refusal = Object.assign(new Error('Key (name)=(Ada) already exists'), {
      code: '23505',
      constraint: 'author_name',
    });
    expect(describeFailure(new Error('Ada', { cause: refusal }))).toBe(
      'Postgres refused with 23505 (author_name)',
    );
  });

  it('is the code that a reaction or the vault gave', () => {
    expect(describeFailure(new RefusedFactError('too-large'))).toBe('RefusedFactError: too-large');
    expect(describeFailure(new VaultError('value-does-not-open', 'Ada'))).toBe(
      'VaultError: value-does-not-open',
    );
  });

  it('names the field paths of a contract that do not fit, and no name that the fact made up', () => {
    const made = contract({
      type: 'vouchsafe.identity.note-taken.v1',
      summary: 'For this suite.',
      schema: z.strictObject({
        note: z.strictObject({ by: z.string() }),
        ratings: z.record(z.string(), z.number()),
      }),
    });
    const described = (value: string): string => {
      const headers = {
        ce_specversion: '1.0',
        ce_id: 'identity/1/1',
        ce_source: 'identity',
        ce_type: made.type,
        ce_time: '2026-11-22T10:00:00Z',
        ce_lane: '1',
        ce_number: '1',
        'content-type': 'application/json',
      };
      const fact = readMessage({ key: '5b0c7cbd-6b3c-4f0a-9a0e-000000000001', headers, value });
      if (fact.kind !== 'fact') throw new Error('It is a fact');
      return describeFailure(thrownBy(() => readFact(fact, made)));
    };
    expect(described('{"note":{"by":"Ada"},"ratings":{"Ada":"high","Grace":"low"}}')).toBe(
      'UnreadableFactError: ratings.*: invalid_type',
    );
    expect(described('{"note":{"by":7,"Ada":1},"ratings":{}}')).toBe(
      'UnreadableFactError: note.by: invalid_type',
    );
    expect(described('Ada')).toBe('UnreadableFactError: not-json');
  });
});
