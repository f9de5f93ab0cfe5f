/** @promise P30 (main) puts the data of an organization, or of one person, into an archive: a CSV file a table, and an organization's files as they are */
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { CONFIG, ProblemError } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import { certificateKey } from '../certificate/certificate-key.js';
import { ListAttachments } from '../attachment/list-attachments.js';
import { ReadAttachment } from '../attachment/read-attachment.js';
import type { LifecycleConfig } from '../lifecycle.config.js';
import { Operator } from '../organization/operator.js';
import {
  type ArchivedPerson,
  type ArchivePlan,
  type ArchivePosition,
  fileOfTable,
  type PlannedTable,
} from './archive-plan.js';
import type { ArchivePart } from './archive-part.js';
import { type Rows, ReturnedData } from './ask-services.js';
import { csvHeader, csvRow } from './csv-table.js';
import { archiveMetadata, tableMetadata } from './csvw.js';
import { type KeptPart, manifestNote, README, README_OF_PERSON, sums } from './manifest.js';
import { callerOfOrganization, pathOf } from './returned-attachments.js';

export interface PartOrder {
  readonly organizationId: string;
  readonly returnId: string;
  readonly person: ArchivedPerson;
  readonly from: string | null;
  readonly to: string | null;
  readonly plan: ArchivePlan;
  readonly position: ArchivePosition;
  readonly number: number;
  readonly previousPart: KeptPart | null;
  readonly at: Date;
}

type Settings = Pick<LifecycleConfig, 'VOUCHSAFE_PUBLIC_URL' | 'VOUCHSAFE_LOG_NAME'>;

@Injectable()
export class WritePart {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly data: ReturnedData,
    private readonly listAttachments: ListAttachments,
    private readonly readAttachment: ReadAttachment,
    private readonly operator: Operator,
    @Inject(CONFIG) private readonly settings: Settings,
  ) {}

  /** @returns where the next part begins */
  async write(part: ArchivePart, order: PartOrder): Promise<ArchivePosition> {
    let reached = order.position;
    const missing: string[] = [];
    const { tables } = order.plan;
    while (!reached.isDone) {
      const table = tables[reached.table];
      const position = table
        ? await this.writeTable(part, order, table, reached)
        : order.person
          ? // Its files are the organization's: they may be about anybody.
            { ...reached, isDone: true }
          : await this.writeFiles(part, order, reached, missing);
      if (position === 'full') break;
      reached = position;
    }
    await this.finish(part, order, reached, missing);
    return reached;
  }

  /** One file of the table, until the table or the room ends. */
  private async writeTable(
    part: ArchivePart,
    order: PartOrder,
    table: PlannedTable,
    position: ArchivePosition,
  ): Promise<ArchivePosition | 'full'> {
    let page = await this.page(order, table, position.cursor);
    if (!part.hasRoomFor(page.bytes.length)) return 'full';
    const written = { cursor: position.cursor, isWhole: false, rows: 0 };
    const lines = async function* (this: WritePart): AsyncIterable<Buffer> {
      yield Buffer.from(csvHeader(table));
      for (;;) {
        // The next page is read while this one is written; where the archive ends before, nobody asks for it.
        const following = page.next === null ? undefined : this.page(order, table, page.next);
        following?.catch(() => undefined);
        yield page.bytes;
        written.rows += page.count;
        written.cursor = page.next;
        written.isWhole = following === undefined;
        if (following === undefined) return;
        page = await following;
        if (!part.hasRoomFor(page.bytes.length)) return;
      }
    };
    const file = (position.filesOfTables[position.table] ?? 0) + 1;
    const name = fileOfTable(table, file);
    await part.add(name, lines.call(this), { rows: () => written.rows });
    await part.addText(`${name}-metadata.json`, json(tableMetadata(table, name)));
    const filesOfTables = [...position.filesOfTables];
    filesOfTables[position.table] = file;
    return written.isWhole
      ? { ...position, table: position.table + 1, cursor: null, filesOfTables }
      : { ...position, cursor: written.cursor, filesOfTables };
  }

  private async page(order: PartOrder, table: PlannedTable, cursor: string | null) {
    const { organizationId, person, from, to } = order;
    const whose = person && { userId: person.userId, subjects: person.subjects };
    const asked = { organizationId, person: whose, cursor, from, to };
    const { rows, next }: Rows = await this.data.rows(table, asked);
    const chosen = rows.filter((row) => isWithin(row, table.time, from, to));
    const bytes = Buffer.from(chosen.map((row) => csvRow(table, row)).join(''));
    return { bytes, next, count: chosen.length };
  }

  private async writeFiles(
    part: ArchivePart,
    order: PartOrder,
    position: ArchivePosition,
    missing: string[],
  ): Promise<ArchivePosition | 'full'> {
    const caller = callerOfOrganization(order.organizationId);
    const { items, next } = await this.listAttachments.list(caller, {
      limit: 1,
      cursor: position.cursor ?? undefined,
    });
    for (const attachment of items) {
      if (!isWithin(attachment, 'createdAt', order.from, order.to)) continue;
      if (!part.hasRoomFor(attachment.size)) return 'full';
      const path = pathOf(attachment);
      const content = await this.contentOf(order.organizationId, attachment.attachmentId);
      if (content === null) missing.push(path);
      else await part.add(path, content, { compress: false });
    }
    return { ...position, cursor: next, isDone: next === null };
  }

  /** Null where it was deleted meanwhile, or its body is gone. */
  private async contentOf(organizationId: string, attachmentId: string): Promise<Readable | null> {
    const caller = callerOfOrganization(organizationId);
    try {
      const whole = { range: undefined, ifRange: undefined };
      return (await this.readAttachment.open(caller, attachmentId, whole)).content;
    } catch (error) {
      if (error instanceof ProblemError && (error.code === 'not-found' || error.code === 'gone')) return null;
      throw error;
    }
  }

  private async finish(
    part: ArchivePart,
    order: PartOrder,
    reached: ArchivePosition,
    missing: readonly string[],
  ): Promise<void> {
    const { organizationId, returnId, person, from, to, number, plan, previousPart, at } = order;
    if (reached.isDone)
      await part.addText('csv-metadata.json', json(archiveMetadata(plan, reached.filesOfTables)));
    if (number === 1) await part.addText('README.txt', person ? README_OF_PERSON : README);
    const ending = number === 1 ? '' : `.${number}`;
    await part.addText(`SHA256SUMS${ending}`, sums(part.files));
    const { VOUCHSAFE_LOG_NAME: log, VOUCHSAFE_PUBLIC_URL: url } = this.settings;
    const { signer } = await this.database.asWorker((sql) =>
      certificateKey(
        sql,
        this.vault,
        { organizationId: this.operator.organizationId, name: `${log ?? new URL(url).host}/returns` },
        at,
      ),
    );
    const manifest = {
      ...{ organizationId, returnId, userId: person?.userId ?? null },
      ...{ from, to, createdAt: at.toISOString(), part: number },
      ...{ isLast: reached.isDone, files: part.files, missing, previousPart, notReturned: plan.nothing },
    };
    await part.addText(`manifest${ending}.note`, manifestNote(manifest, signer));
    part.end();
  }
}

function isWithin(row: object, column: string | null, from: string | null, to: string | null): boolean {
  if (column === null) return true;
  const time = Date.parse(String((row as Record<string, unknown>)[column]));
  return (from === null || time >= Date.parse(from)) && (to === null || time < Date.parse(to));
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
