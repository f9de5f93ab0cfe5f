/** @promise P18, P03 (Article 30 GDPR) what is kept of whom, for what and how long, and who receives it */
import { Controller, Get, Header } from '@nestjs/common';
import { Caller, Operation } from '@vouchsafe/service-host';
import { processingRecord, type ProcessingRecord } from './make-record.js';
import { ReadProcessingRecord } from './read-processing-record.js';
import { recordCsv } from './record-csv.js';

@Controller('v1/lifecycle')
export class ProcessingRecordController {
  constructor(private readonly record: ReadProcessingRecord) {}

  @Get('processing-record')
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'records:read',
    operation: 'processing-record.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary:
      'The record of processing activities (Article 30 GDPR): of the operator as processor for the organization; for the operator’s own, as controller',
    answers: { 200: processingRecord },
  })
  read(@Caller() caller: Caller): Promise<ProcessingRecord> {
    return this.record.read(caller);
  }

  @Get('processing-record.csv')
  @Header('cache-control', 'no-store')
  @Header('content-type', 'text/csv; charset=utf-8; header=present')
  @Header('content-disposition', 'attachment; filename="processing-record.csv"')
  @Operation({
    permission: 'records:read',
    operation: 'processing-record.export',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The record of processing activities as CSV (RFC 4180), a value a row',
    answers: { 200: 'text/csv' },
    headers: ['Content-Disposition'],
  })
  async export(@Caller() caller: Caller): Promise<string> {
    return recordCsv(await this.record.read(caller));
  }
}
