import { z } from 'zod';

export const role = z.enum(['owner', 'admin', 'member', 'auditor', 'billing']);
