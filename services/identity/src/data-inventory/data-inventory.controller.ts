/** @promise P18 shows the inventory of all services */
import { Controller, Get, Inject } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import { CONFIG, type InventoryLine, inventoryLine, Operation } from '@vouchsafe/service-host';
import { readFileSync } from 'node:fs';
import path from 'node:path';
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

/**
 * The inventories of all services, from the golden files that they ship: what is kept is known without asking anyone (P18).
 * @param folder with `<service>.data-inventory.json`, in place of the files of this installation
 */
function readInventories(folder: string | undefined): InventoryLine[] {
  return serviceNames.flatMap((service) => {
    const file =
      folder === undefined
        ? new URL(import.meta.resolve(`@vouchsafe/${service}/data-inventory.json`))
        : path.join(folder, `${service}.data-inventory.json`);
    return z.array(inventoryLine).parse(JSON.parse(readFileSync(file, 'utf8')));
  });
}
