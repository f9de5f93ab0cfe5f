import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serviceNames } from '@vouchsafe/contracts';
import { z } from 'zod';
import { type InventoryLine, inventoryLine } from './inventory.js';

/**
 * The inventories of all services, from the golden files that they ship: what is kept is known without asking anyone (P18).
 * @param folder with `<service>.data-inventory.json`, in place of the files of this installation
 */
export function readInventories(folder: string | undefined): InventoryLine[] {
  return serviceNames.flatMap((service) => {
    const file =
      folder === undefined
        ? new URL(import.meta.resolve(`@vouchsafe/${service}/data-inventory.json`))
        : path.join(folder, `${service}.data-inventory.json`);
    return z.array(inventoryLine).parse(JSON.parse(readFileSync(file, 'utf8')));
  });
}
