import { z } from 'zod';

/** The name of a service, in what is stored and told: services come and go, so that it is no closed set. */
export const serviceName = z.string().regex(/^[a-z]{1,30}$/);
