import { exitBecause } from '@vouchsafe/service-host';
import { bootIdentity } from './identity.service.js';

await bootIdentity().catch((error: unknown) => exitBecause('identity', error));
