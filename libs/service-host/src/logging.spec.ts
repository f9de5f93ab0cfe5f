import { describe, expect, it } from '@jest/globals';
import { masked, serviceLogger } from './index.js';

describe('a log line', () => {
  const lines: string[] = [];
  const logger = serviceLogger('lamps', 'info', { write: (line) => void lines.push(line) });

  it('shows allow-listed fields alone (ASVS 16.2.5, P22)', () => {
    logger.info({ operation: 'lamp.make', password: 'hunter2', nested: { token: 't0k3n' } }, 'Made');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      service: 'lamps',
      level: 'info',
      msg: 'Made',
      operation: 'lamp.make',
      password: '[redacted]',
      nested: '[redacted]',
    });
    expect(lines.join('')).not.toMatch(/hunter2|t0k3n/);
  });

  it('shows of an error its type, code and frames, not what libraries hang on it', () => {
    const error = Object.assign(new Error('duplicate for ada@example.org'), {
      code: '23505',
      detail: 'Key (email)=(ada)',
    });
    logger.error({ err: error }, 'Failed');
    const line = lines.at(-1) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      err: { type: 'Error', code: '23505', message: 'duplicate for [e-mail]' },
    });
    expect(line).not.toMatch(/ada/);
  });

  it('masks addresses, credentials and tokens in free text', () => {
    expect(masked('postgres://me:pw@host/db Bearer abc.def 203.0.113.9')).toBe(
      'postgres://[redacted]@host/db Bearer [redacted] [address]',
    );
    expect(masked(`key ${'A1'.repeat(32)}`)).toBe('key [redacted]');
  });
});
