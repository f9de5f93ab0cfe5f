import { Controller, Get } from '@nestjs/common';
import { Operation } from '@vouchsafe/service-host';
import { z } from 'zod';
import { price, PriceCatalog } from './price-catalog.js';

const priceList = z.strictObject({ items: z.array(price) }).meta({ id: 'PriceList' });

@Controller('v1/billing/prices')
export class PriceController {
  constructor(private readonly catalog: PriceCatalog) {}

  @Get()
  @Operation({
    permission: 'billing:read',
    operation: 'price.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'What can be bought',
    description:
      'Checked against Stripe every 5 minutes. While Stripe is unavailable, the last known prices are returned.',
    answers: { 200: priceList },
  })
  list(): z.infer<typeof priceList> {
    return { items: [...this.catalog.list()] };
  }
}
