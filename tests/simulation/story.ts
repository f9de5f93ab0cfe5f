import type { Client } from '../system/client.ts';

/** What was done to an organization, and when: all that the checks know besides what they read in the stores. */
export interface Organization {
  readonly organizationId: string;
  readonly name: string;
  readonly owner: { readonly userId: string; readonly email: string; readonly password: string };
  readonly signedUpAt: Date;
  /** Whether the owner ever confirmed the address. */
  readonly isVerified: boolean;
  /** For its back end; null until it has one. */
  key: Client | null;
  /** Who can be erased. */
  member: Member | null;
  /** Its live one. */
  subscriptionId: string | null;
  readonly terminations: Termination[];
  readonly holds: Hold[];
  readonly erasures: Erasure[];
  readonly returns: Return[];
  readonly requests: DataRequest[];
}

export interface Member {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
}

export interface Termination {
  /** T0. */
  readonly endedAt: Date;
  cameBackAt: Date | null;
}

export interface Hold {
  readonly holdId: string;
  /** Null: all of the organization. */
  readonly subject: string | null;
  readonly placedAt: Date;
  /** When it was first seen to be in force; null before. */
  inForceAt: Date | null;
  /** When somebody asked for its release; null before. */
  releasedAt: Date | null;
}

/** A person who asked to be erased. */
export interface Erasure {
  readonly userId: string;
  readonly askedAt: Date;
}

/** An archive of the organization's data that somebody asked for. */
export interface Return {
  readonly askedAt: Date;
  /** The operator may ask later than the owners. */
  readonly isByOperator: boolean;
  /** Null where it was refused, for a reason. */
  readonly returnId: string | null;
  readonly reason: string | null;
  /** Until when one could be asked for, as the owner was told then; null for an organization in use. */
  readonly saidUntil: Date | null;
  readonly partIds: Set<string>;
  /** Null until all parts are there. */
  readyAt: Date | null;
  /** When an owner deleted it. */
  deletedAt: Date | null;
}

/** A person exercises a right (Articles 15 to 18, 20 and 21 GDPR). */
export interface DataRequest {
  readonly dataRequestId: string;
  /** Stands for the address of whoever asked. */
  readonly contactId: string;
  readonly receivedAt: Date;
  /** Of the link in the email; null for one that came from inside. */
  readonly token: string | null;
  /** Null until it is known whom it is about, if anybody with an account. */
  userId: string | null;
  /** When the link was opened; of one from inside, when it was received. */
  confirmedAt: Date | null;
  extendedAt: Date | null;
  /** How long it has waited for whoever asked to show who they are. */
  waitedMs: number;
  /** Since when it waits for that; null where it does not. */
  waitingSince: Date | null;
  approvedAt: Date | null;
  closedAt: Date | null;
}

export interface Story {
  readonly operatorOrganizationId: string;
  readonly organizations: Organization[];
}

/** The end that was not taken back; undefined for an organization in use. */
export function endOf({ terminations }: Organization): Termination | undefined {
  return terminations.find(({ cameBackAt }) => cameBackAt === null);
}
