import { Body, Controller, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { Caller, Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { confirmation, EnterRequest } from './enter-request.js';
import { ReadReceipt, receiptView } from './read-receipt.js';

const path = z.strictObject({
  receiptId: z.uuid().describe('From the address in the email that confirms the receipt of the request'),
});

/** For people without an account. */
@Controller('v1/lifecycle')
export class OutsideRequestController {
  constructor(
    private readonly enterRequest: EnterRequest,
    private readonly readReceipt: ReadReceipt,
  ) {}

  @Post('requests/confirmation')
  @HttpCode(204)
  @Operation({
    permission: 'public',
    operation: 'data-request.confirm',
    entity: { type: 'data-request', id: null },
    effect: 'write',
    summary: 'Confirm the address of a request by the token of the link in the email',
    description:
      'The email links to `/confirm-request#token=...` of the frontend, at the address that VOUCHSAFE_PUBLIC_URL names. The page sends ' +
      'what follows `#token=` here, as `token`.',
    answers: { 204: null },
    problems: ['gone'],
  })
  async confirm(
    @Caller() caller: Caller,
    @Body({ schema: confirmation }) body: z.output<typeof confirmation>,
  ): Promise<void> {
    await this.enterRequest.confirm(caller, body);
  }

  @Get('receipts/:receiptId')
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'public',
    operation: 'data-request.read-receipt',
    entity: { type: 'data-request-receipt', id: 'path.receiptId' },
    effect: 'read',
    summary: 'Read how far a request is and, once an erasure was carried out, its receipt',
    answers: { 200: receiptView },
    problems: ['not-found'],
  })
  async read(
    @Param({ schema: path }) { receiptId }: z.output<typeof path>,
  ): Promise<z.infer<typeof receiptView>> {
    const view = await this.readReceipt.read(receiptId);
    if (!view) throw problem('not-found', { detail: 'There is no request at this address' });
    return view;
  }
}
