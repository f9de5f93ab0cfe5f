import { Controller, Get } from '@nestjs/common';
import { Operation } from '@vouchsafe/service-host';
import { z } from 'zod';
import { dataInventory } from './data-inventory.js';

const inventory = z.strictObject({
  items: z.array(
    z.strictObject({
      place: z.string(),
      kind: z.enum(['event', 'contract', 'column']),
      field: z.string(),
      purpose: z.string(),
      form: z.enum(['sealed', 'hashed', 'clear']),
      store: z.string(),
      retention: z.string(),
    }),
  ),
});

@Controller('v1/data-inventory')
export class DataInventoryController {
  private readonly items = dataInventory();

  @Get()
  @Operation({
    permission: 'security:read',
    operation: 'data-inventory.read',
    entity: { type: 'data-inventory', id: null },
    effect: 'read',
    summary: 'Every personal field that is kept, its purpose, store and retention (P18)',
    answers: { 200: inventory },
  })
  read(): z.infer<typeof inventory> {
    return { items: this.items };
  }
}
