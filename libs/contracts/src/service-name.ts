import { z } from 'zod';

/** The name of a service, in what is stored and told: services come and go, so that it is no closed set. */
export const serviceName = z.string().regex(/^[a-z]{1,30}$/);

/** The name of a store of a service: as closed as the service's. */
export const storeName = z.string().regex(/^[a-z][a-z-]{0,40}$/);
