import { z } from 'zod';
import { fact } from '../fact.js';

/** What made us look at Stripe: an event that it sent, the daily comparison, or a command of ours. */
export const observationSources = ['webhook', 'reconciliation', 'command'] as const;

/** What every fact says that was read from an object of Stripe. `occurredAt` is when we read it; the facts have Stripe's times besides. */
export const observedFact = { ...fact, source: z.enum(observationSources) };

/** In the smallest unit of the currency: 1050 is 10.50 EUR, 1050 JPY and 1.050 KWD. */
export const amount = z.int();
/** ISO 4217, in capitals. */
export const currency = z.string().regex(/^[A-Z]{3}$/);
