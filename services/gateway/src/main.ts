import { exitBecause, stopOnSignals } from '@vouchsafe/service-host';
import { bootGateway } from './gateway.service.js';

const gateway = await bootGateway().catch((error: unknown) => exitBecause('gateway', error));
stopOnSignals(() => gateway.stop(), { logger: gateway.logger, seconds: gateway.stopSeconds });
