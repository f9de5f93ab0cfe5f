import { exitBecause } from '@vouchsafe/service-host';
import { bootLifecycle } from './lifecycle.service.js';

await bootLifecycle().catch((error: unknown) => exitBecause('lifecycle', error));
