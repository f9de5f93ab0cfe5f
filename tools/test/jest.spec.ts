import { describe, expect, it } from '@jest/globals';
import { type JestResults, tallyOf } from './jest.ts';

const results = (more: Partial<JestResults>): JestResults => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  success: true,
  testResults: [],
  ...more,
});
const skipped = results({
  numPendingTests: 1,
  testResults: [{ assertionResults: [{ status: 'pending', fullName: 'a bus passes on Kafka' }] }],
});

describe('the last line of npm test', () => {
  it('counts what passed, failed and was skipped', () => {
    expect(tallyOf(results({ numFailedTests: 2, success: false }), false, {}).tally).toEqual({
      passed: 3,
      failed: 2,
      skipped: 0,
    });
    expect(tallyOf(skipped, false, {}).tally).toEqual({ passed: 3, failed: 0, skipped: 1 });
  });

  it('counts a suite that did not even load as failed', () => {
    expect(tallyOf(results({ numRuntimeErrorTestSuites: 1, success: false }), false, {}).tally.failed).toBe(
      1,
    );
  });

  it('never says that nothing failed when Jest says that something did', () => {
    expect(tallyOf(results({ success: false }), false, {}).tally.failed).toBe(1);
  });

  it('counts a skip as failed where CI is set, by name, unless it is allowed', () => {
    const { tally, complaints } = tallyOf(skipped, true, {});
    expect(tally).toEqual({ passed: 3, failed: 1, skipped: 0 });
    expect(complaints).toContain('skipped: a bus passes on Kafka');
    expect(tallyOf(skipped, true, { 'a bus passes on Kafka': 'no JDK here' }).tally).toEqual({
      passed: 3,
      failed: 0,
      skipped: 1,
    });
  });
});
