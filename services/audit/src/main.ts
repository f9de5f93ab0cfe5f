import { exitBecause } from '@vouchsafe/service-host';
import { bootAudit } from './audit.service.js';

await bootAudit().catch((error: unknown) => exitBecause('audit', error));
