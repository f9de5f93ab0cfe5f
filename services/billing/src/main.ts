import { exitBecause } from '@vouchsafe/service-host';
import { bootBilling } from './billing.service.js';

await bootBilling().catch((error: unknown) => exitBecause('billing', error));
