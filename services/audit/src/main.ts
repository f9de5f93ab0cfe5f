import { runService } from '@vouchsafe/service-host';
import { auditService } from './audit.service.js';

await runService(auditService);
