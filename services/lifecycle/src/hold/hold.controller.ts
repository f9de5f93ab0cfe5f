import { Body, Controller, Delete, Get, Headers, Param, Post, Query } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  type PageQuery,
  pageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { ChangeHold, type ChangeRejection, release, review } from './change-hold.js';
import { holdView, type HoldView } from './hold.view.js';
import { newHold, type NewHold, PlaceHold, type PlacingRejection } from './place-hold.js';
import { holdPage, ReadHolds } from './read-holds.js';

const path = z.strictObject({ id: z.uuid() });

/** How each rejection is answered. */
const problems = {
  others: ['forbidden', 'Only the operator can place a hold on another organization’s data'],
  'unknown-organization': ['rejected', 'There is no such organization', '/organizationId'],
  'empty-range': ['rejected', 'must be after `from`', '/scope/to'],
  'until-past': ['rejected', 'This time has passed', '/until'],
  'already-placed': ['conflict', 'The hold already exists'],
  'not-placed': ['not-found', 'There is no such hold'],
  'already-released': ['conflict', 'The hold has been released'],
  'placed-by-operator': [
    'forbidden',
    'The operator placed this hold; only the operator can review or release it',
  ],
} as const satisfies Record<(ChangeRejection | PlacingRejection)['rejected'], RejectionProblem>;

@Controller('v1/lifecycle/holds')
export class HoldController {
  constructor(
    private readonly placeHold: PlaceHold,
    private readonly changeHold: ChangeHold,
    private readonly readHolds: ReadHolds,
  ) {}

  @Get()
  @Operation({
    permission: 'holds:read',
    operation: 'hold.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary:
      'Legal holds on the organization’s data, newest first; the operator sees those on every organization’s',
    answers: { 200: holdPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof holdPage>> {
    return this.readHolds.list(caller, query);
  }

  @Get(':id')
  @Operation({
    permission: 'holds:read',
    operation: 'hold.read',
    entity: { type: 'hold', id: 'path.id' },
    effect: 'read',
    summary: 'Read a legal hold: what it covers, why, and which services have confirmed it',
    answers: { 200: holdView },
    problems: ['not-found'],
  })
  read(@Caller() caller: Caller, @Param({ schema: path }) { id }: z.infer<typeof path>): Promise<HoldView> {
    return this.readHolds.read(caller, id);
  }

  @Post()
  @Operation({
    permission: 'holds:write',
    operation: 'hold.place',
    entity: { type: 'hold', id: 'response.holdId' },
    effect: 'write',
    summary:
      'Place a legal hold: what it covers is not deleted, whatever was requested or is due, until the hold is released',
    answers: { 201: holdView },
    problems: ['forbidden', 'rejected', 'conflict', 'not-found'],
    idempotent: true,
  })
  async place(
    @Caller() caller: Caller,
    @Body({ schema: newHold }) body: NewHold,
    @Headers('idempotency-key') key?: string,
  ): Promise<HoldView> {
    return accepted(await this.placeHold.place(caller, body, key), problems);
  }

  @Post(':id/review')
  @Operation({
    permission: 'holds:write',
    operation: 'hold.review',
    entity: { type: 'hold', id: 'path.id' },
    effect: 'write',
    summary: 'Record that a legal hold is still needed; the next review is due after 90 days, or at `until`',
    answers: { 201: holdView },
    problems: ['forbidden', 'rejected', 'conflict', 'not-found'],
  })
  async review(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: review }) body: z.output<typeof review>,
  ): Promise<HoldView> {
    return accepted(await this.changeHold.review(caller, id, body), problems);
  }

  @Delete(':id')
  @Operation({
    permission: 'holds:write',
    operation: 'hold.release',
    entity: { type: 'hold', id: 'path.id' },
    effect: 'write',
    summary: 'Release a legal hold: what it stopped goes on by itself',
    answers: { 200: holdView },
    problems: ['forbidden', 'rejected', 'conflict', 'not-found', 'step-up-required'],
  })
  async release(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: release }) body: z.output<typeof release>,
  ): Promise<HoldView> {
    return accepted(await this.changeHold.release(caller, id, body), problems);
  }
}
