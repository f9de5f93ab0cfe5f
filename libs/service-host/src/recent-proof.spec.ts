import { expect, it } from '@jest/globals';
import { assertRecentlyAuthenticated } from './recent-proof.js';

const at = new Date('2026-11-29T10:00:00Z');
const asked = (authenticatedAt: string | null) => () => assertRecentlyAuthenticated({ authenticatedAt }, at);

it.each(['2026-11-29T09:50:00Z', '2026-11-29T10:00:00Z'])('a proof of %s is recent at 10:00', (proof) => {
  expect(asked(proof)).not.toThrow();
});

it.each(['2026-11-29T09:49:59Z', null])('a proof of %s is not', (proof) => {
  expect(asked(proof)).toThrow('step-up-required');
});
