/** @promise P18 shows the inventory of all services */
import { Controller, Get, Inject } from '@nestjs/common';
import { CONFIG, inventoryLine, Operation, readInventories } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { IdentityConfig } from '../identity.config.js';

const inventory = z.strictObject({ items: z.array(inventoryLine.meta({ id: 'PersonalField' })) });

@Controller('v1/data-inventory')
export class DataInventoryController {
  private readonly items;

  constructor(@Inject(CONFIG) config: IdentityConfig) {
    this.items = readInventories(config.VOUCHSAFE_INVENTORY_FOLDER);
  }

  @Get()
  @Operation({
    permission: 'security:read',
    operation: 'data-inventory.read',
    entity: { type: 'data-inventory', id: null },
    effect: 'read',
    summary: 'Every personal field that any service keeps, with its purpose, store and retention',
    answers: { 200: inventory },
  })
  read(): z.infer<typeof inventory> {
    return { items: this.items };
  }
}
