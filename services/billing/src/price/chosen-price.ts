import { z } from 'zod';

export const priceId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be the id of a price')
  .describe('`priceId` of GET /v1/billing/prices');
export const quantity = z.int().min(1).max(100_000).describe('How many units of the price');

/** What somebody buys: a price, and how many of it. */
export const chosenPrice = {
  priceId,
  quantity: quantity.default(1).describe('How many units of the price; 1 where it is absent'),
};
