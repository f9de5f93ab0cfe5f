/** @promise P10 what an erasure would do, and whether it is what was approved */
import { z } from 'zod';

export const previewItem = z
  .strictObject({
    service: z.string().describe('The service that keeps the data'),
    store: z.string().describe('Which of its stores'),
    action: z
      .enum(['delete', 'pseudonymize', 'keep'])
      .describe(
        '`delete`: the records go; `pseudonymize`: the records stay, and what they say of the person can no longer be read, because ' +
          'its key is destroyed; `keep`: it stays readable',
      ),
    records: z
      .int()
      .nullable()
      .describe('How many records; null where they are not counted, because they stay or are elsewhere'),
    grows: z
      .boolean()
      .describe('Whether more may come by themselves until it is carried out, as they do in a log'),
    ground: z.string().nullable().describe('Why it stays; null for what is deleted'),
    until: z.iso
      .date()
      .nullable()
      .describe('The last day on which it must be kept; null where there is none'),
  })
  .meta({ id: 'ErasurePreviewItem' });
export type PreviewItem = z.infer<typeof previewItem>;

/** What is there now beyond what was approved: of a kind that was not shown, or more of it. What grows by itself may have grown. */
export function beyond(approved: readonly PreviewItem[], now: readonly PreviewItem[]): PreviewItem[] {
  const known = new Map(approved.map((item) => [kindOf(item), item.records ?? 0]));
  return now.filter((item) => {
    const records = known.get(kindOf(item));
    return records === undefined || (!item.grows && (item.records ?? 0) > records);
  });
}

function kindOf({ service, store, action, ground }: PreviewItem): string {
  return JSON.stringify([service, store, action, ground]);
}
