import { type Fault, killing, others } from './faults.ts';
import type { Random } from './random.ts';

export type Other = keyof typeof others;

/** As `orders`, where the bus is Kafka. */
export const kafkaOrders: readonly (readonly Other[])[] = [
  ['killPostgres', 'killKafka', 'clockJump'],
  ['rebalance', 'lostTail', 'stripeFails'],
  ['killKafka', 'poison'],
  ['freeze', 'emptiedKafka', 'slowTransaction'],
  ['killKafka', 'fullDisk', 'stripeFails'],
];

/** What strikes in a round: three of the killing kind and the others given, in an order that only the seed knows. */
export function roundOf(random: Random, among: readonly Other[]): readonly Fault[] {
  const left = [
    ...Array.from({ length: 3 }, () => random.pick(killing)),
    ...among.map((name) => others[name]),
  ];
  const ordered: Fault[] = [];
  while (left.length > 0) ordered.push(...left.splice(random.between(0, left.length - 1), 1));
  return ordered;
}

/** The others, round by round; none is missing for long. */
export const orders: readonly (readonly Other[])[] = [
  ['killPostgres', 'freeze', 'clockJump'],
  ['rebalance', 'poison', 'stripeFails'],
  ['slowTransaction', 'fullDisk', 'stripeFails'],
  ['zombie'],
];
