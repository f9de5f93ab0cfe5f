import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { auditFacts, beginsWithOwnName, gatewayFacts, identityFacts, ownNames, sourceName } from './index.js';

describe('our own names', () => {
  it('hold every service that publishes facts', () => {
    const owners = [auditFacts, gatewayFacts, identityFacts].flatMap((facts) =>
      Object.values(facts).map(({ owner }) => owner),
    );
    expect(owners.filter((owner) => !ownNames.includes(owner))).toEqual([]);
  });

  it('are known in any letter case and before any separator, and within no other word', () => {
    const own = fc.constantFrom(...ownNames);
    const separator = fc.constantFrom('.', '_', ':', '/', '-');
    const inAnyCase = fc.tuple(own, fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }));
    fc.assert(
      fc.property(inAnyCase, separator, fc.stringMatching(/^[a-z.-]{0,20}$/), ([name, upper], by, rest) => {
        const spelled = Array.from(name, (c, i) => (upper[i] ? c.toUpperCase() : c)).join('');
        expect(beginsWithOwnName(spelled)).toBe(true);
        expect(beginsWithOwnName(`${spelled}${by}${rest}`)).toBe(true);
        expect(beginsWithOwnName(`x${spelled}${by}${rest}`)).toBe(false);
        expect(beginsWithOwnName(`${spelled}x${by}${rest}`)).toBe(false);
        expect(beginsWithOwnName(`invoice${by}${spelled}`)).toBe(false);
      }),
    );
  });

  it('are no sources', () => {
    for (const name of [...ownNames, 'gateway-2', 'audit.log', 'user:1', 'Shop', '', '-a', 'a'.repeat(64)])
      expect(sourceName.safeParse(name).success).toBe(false);
    for (const name of ['api', 'shop', 'shop.eu-1_b', '7', 'a'.repeat(63)])
      expect(sourceName.safeParse(name).success).toBe(true);
  });
});
