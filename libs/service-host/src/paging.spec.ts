import { expect, it } from '@jest/globals';
import { cursorOf } from './index.js';

const id = '0190a6f4-6a52-7c31-9f61-2a4be0f5d0a1';
const cursor = cursorOf({ createdAt: 'time', lampId: 'id' });
const forged = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');

it.each(['2026-11-22T19:44:14.168Z', '2026-11-22T19:44:14.168806+00:00', '2026-11-22T19:44:14+00:00'])(
  'a cursor is read as it was written: %s',
  (createdAt) => {
    expect(cursor.read(cursor.write({ createdAt, lampId: id }))).toEqual({ createdAt, lampId: id });
  },
);

it.each([
  ['the year 0000', '0000-01-01T00:00:00Z'],
  ['a year before ours', '1969-12-31T23:59:59.999Z'],
  ['400 digits of a second', `2026-11-22T19:44:14.${'1'.repeat(400)}Z`],
  ['an offset', '2026-11-22T19:44:14+23:59'],
  ['no seconds', '2026-11-22T19:44Z'],
  ['no day of any month', '2026-02-30T19:44:14Z'],
  ['a word that Postgres knows', 'infinity'],
])('no cursor of ours has a time with %s', (_, createdAt) => {
  expect(() => cursor.read(forged({ createdAt, lampId: id }))).toThrow('invalid-request');
});

it.each([
  ['a number that no integer of JavaScript is', { recordedAt: 0, index: 2 ** 53 }],
  ['a time that no date is', { recordedAt: 1e300, index: 0 }],
  ['a part too many', { recordedAt: 0, index: 0, more: 1 }],
  ['a part too few', { index: 0 }],
  ['nothing', null],
])('nor is it %s', (_, position) => {
  const ofEntries = cursorOf({ recordedAt: 'milliseconds', index: 'index' });
  expect(ofEntries.read(forged({ recordedAt: 0, index: 0 }))).toEqual({ recordedAt: 0, index: 0 });
  expect(() => ofEntries.read(forged(position))).toThrow('invalid-request');
});
