import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { cut } from '../access-log/cut.js';
import { maskedUrl } from '../access-log/masked-url.js';
import { isUnambiguousPath, RouteIndex } from '../routes/route-index.js';
import { clientAddress } from './arrival.js';
import { RateLimits } from './rate-limits.js';

describe('the client address', () => {
  const addressOf = (peer: string, forwardedFor: string | undefined, hops: number) =>
    clientAddress(
      {
        socket: { remoteAddress: peer },
        headers: { 'x-forwarded-for': forwardedFor },
      } as unknown as IncomingMessage,
      hops,
    );
  const chain = '198.51.100.1, 203.0.113.7, 10.0.0.2';
  it.each([
    [0, '10.0.0.9'],
    [1, '10.0.0.2'],
    [2, '203.0.113.7'],
    [3, '198.51.100.1'],
    [9, '198.51.100.1'],
  ])('is read from the right through %i hops', (hops, expected) => {
    expect(addressOf('10.0.0.9', chain, hops)).toBe(expected);
  });

  it('cannot be invented by what stands left of our own proxies', () => {
    fc.assert(
      fc.property(fc.string(), (invented) => {
        expect(addressOf('10.0.0.9', `${invented.replaceAll(',', '')}, 203.0.113.7`, 1)).toBe('203.0.113.7');
      }),
    );
  });

  it('is always an address, of IPv4 in its own form', () => {
    expect(addressOf('10.0.0.9', 'unknown', 1)).toBe('10.0.0.9');
    expect(addressOf('10.0.0.9', '198.51.100.1, unknown, 10.0.0.2', 3)).toBe('10.0.0.2');
    expect(addressOf('::ffff:10.0.0.9', undefined, 0)).toBe('10.0.0.9');
  });
});

describe('rate limits', () => {
  it('refuse with Retry-After, each caller by itself', async () => {
    const once = { points: 1, duration: 60 };
    const limits = new RateLimits({
      VOUCHSAFE_RATE_PER_ADDRESS: once,
      VOUCHSAFE_RATE_PER_ACCOUNT: once,
      VOUCHSAFE_RATE_PER_KEY: once,
      VOUCHSAFE_RATE_PUBLIC_CHANGES: once,
    });
    await limits.take('address', 'a');
    await limits.take('account', 'a');
    await limits.take('address', 'b');
    await expect(limits.take('address', 'a')).rejects.toMatchObject({
      code: 'too-many-requests',
      headers: { 'retry-after': '60' },
    });
  });
});

describe('the URL of an entry (P22, P23)', () => {
  it('shows the values of the allow list alone', () => {
    expect(maskedUrl('/v1/members?limit=5&email=ada@example.org&order=name')).toBe(
      '/v1/members?limit=5&email=***&order=name',
    );
    expect(maskedUrl('/v1/auth/x/callback?code=c0de&state=s')).toBe('/v1/auth/x/callback?code=***&state=***');
    expect(maskedUrl('/v1/x?secret')).toBe('/v1/x?***');
    expect(maskedUrl(`/v1/x?limit=${'A1b2'.repeat(20)}`)).toBe('/v1/x?limit=***');
  });

  it('shows no card number, wherever it stands and however it is written (P17)', () => {
    const card = '4242424242424242';
    expect(maskedUrl(`/v1/members/${card}`)).toBe('/v1/members/***');
    expect(maskedUrl('/v1/members/4242/4242/4242/4242/roles')).toBe('/v1/members/***/***/***/***/roles');
    expect(maskedUrl('/v1/members/4242%204242%C2%A04242-4242')).toBe('/v1/members/***');
    expect(maskedUrl(`/v1/members/${card}%ff`)).toBe('/v1/members/***');
    expect(maskedUrl('/v1/members/%2534242424242424242')).toBe('/v1/members/***');
    expect(maskedUrl(`/v1/members?limit=${card}&order=name`)).toBe('/v1/members?limit=***&order=name');
    expect(maskedUrl('/v1/members?limit=4242+4242+4242+4242')).toBe('/v1/members?limit=***');
    expect(maskedUrl(`/v1/members?${card}=1`)).toBe('/v1/members?***=***');
  });

  it('never shows a masked value, whatever it holds', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{12,40}$/), (value) => {
        expect(maskedUrl(`/v1/x?token=${value}&a=b`)).not.toContain(value);
      }),
    );
  });
});

describe('what an entry holds the beginning of', () => {
  it('says nothing of a card number in a user agent (P17)', () => {
    expect(cut('/v1/me', 'Till/1.0 (4242 4242 4242 4242)').userAgent).toBe('Till/1.0 ([card number])');
  });

  /** As Node gives a header: a character for each byte. */
  const header = (text: string) => Buffer.from(text).toString('latin1');

  it('says how long the whole was, and nothing where it is whole', () => {
    expect(cut('/v1/me', 'x'.repeat(512))).toEqual({
      url: '/v1/me',
      userAgent: 'x'.repeat(512),
      lengths: {},
    });
    expect(cut(`/v1/${'y'.repeat(3000)}`, 'x'.repeat(513))).toEqual({
      url: `/v1/${'y'.repeat(2044)}`,
      userAgent: 'x'.repeat(512),
      lengths: { userAgentLength: 513, urlLength: 3004 },
    });
    expect(cut('/', undefined)).toEqual({ url: '/', userAgent: null, lengths: {} });
  });

  it('is text: bytes of UTF-8 are read as that, any others one by one', () => {
    expect(cut('/', header('Größe 漢字 😀')).userAgent).toBe('Größe 漢字 😀');
    expect(cut('/', 'caf\u00e9').userAgent).toBe('café');
    expect(cut('/', header(`${'x'.repeat(511)}😀`))).toMatchObject({
      userAgent: 'x'.repeat(511),
      lengths: { userAgentLength: 513 },
    });
  });

  it('is never cut within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 300, maxLength: 700 }), (text) => {
        const { userAgent, lengths } = cut('/', header(text));
        expect(userAgent?.isWellFormed()).toBe(true);
        expect(text.startsWith(userAgent ?? '?')).toBe(true);
        expect(lengths.userAgentLength ?? userAgent?.length).toBe(text.length);
        expect(userAgent?.length).toBeGreaterThanOrEqual(Math.min(text.length, 511));
        expect(userAgent?.length).toBeLessThanOrEqual(512);
      }),
    );
  });
});

describe('a path', () => {
  it('has one reading, or is refused', () => {
    for (const path of ['/', '/v1/members', '/v1/members/7', '/v1/a%20b'])
      expect(isUnambiguousPath(path)).toBe(true);
    for (const path of [
      '/v1/../x',
      '/v1/%2E%2e/x',
      '/v1/members/%39c33799d',
      '/v1/%6dembers',
      '/v1/a%7Eb',
      '/v1//x',
      '/v1/a%2Fb',
      '/v1\\x',
      '/v1/a%252fb',
      '/v1/\u00e9',
      'v1',
      '',
    ])
      expect(isUnambiguousPath(path)).toBe(false);
  });
});

describe('the index of routes', () => {
  const operation = (name: string, more: object = {}) => ({
    operationId: name,
    summary: '',
    'x-permission': 'self' as const,
    'x-operation': name,
    'x-entity': { type: 'thing', id: null },
    'x-effect': 'read' as const,
    ...more,
  });
  const service = (name: string, paths: object) => ({
    name,
    origin: `http://${name}`,
    document: { openapi: '3.1.0', paths: paths as never, components: { schemas: {} } },
  });

  it('finds a fixed segment before a variable one, and tells a wrong method from an unknown path', () => {
    const index = new RouteIndex([
      service('a', {
        '/v1/things/{id}': { get: operation('thing.read') },
        '/v1/things/latest': { get: operation('thing.latest') },
        '/v1/things/{id}/parts/{part}': { get: operation('part.read') },
      }),
    ]);
    expect(index.find('GET', '/v1/things/latest')).toMatchObject({ route: { operation: 'thing.latest' } });
    expect(index.find('GET', '/v1/things/7')).toMatchObject({ params: { id: '7' } });
    expect(index.find('GET', '/v1/things/7/parts/8')).toMatchObject({ params: { id: '7', part: '8' } });
    expect(index.find('POST', '/v1/things/7')).toEqual({ allowed: ['GET'] });
    expect(index.find('GET', '/v1/things')).toBeNull();
    expect(index.find('GET', '/v1/things/')).toBeNull();
  });

  it('gives questions between services no route, and refuses two services of one mind', () => {
    const path = { '/internal/x': { get: operation('x.ask', { 'x-permission': 'service' }) } };
    expect(new RouteIndex([service('a', path)]).find('GET', '/internal/x')).toBeNull();
    const same = { '/v1/x': { get: operation('x.read') } };
    expect(() => new RouteIndex([service('a', same), service('b', same)])).toThrow('x.read');
  });
});
