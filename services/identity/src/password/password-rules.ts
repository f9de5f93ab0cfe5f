import { Injectable } from '@nestjs/common';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { problem } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { z } from 'zod';
import { Operator } from '../operator.js';
import { BreachedPasswords } from './breached-passwords.js';

/** Longest password that is hashed, in characters; every one of them counts (ASVS 6.2.9). */
const LONGEST = 256;

/** NIST SP 800-63B-4 section 3.1.1.2: 15 characters as the only factor, 8 beside a second one. */
const SHORTEST = { alone: 15, 'beside-second-factor': 8 } as const;

/** A password as it comes in; the rules apply when one is chosen, not when one is entered. */
export const givenPassword = z
  .string()
  .min(1)
  .max(LONGEST * 4);

/** A password that is being chosen; the description states the rules in the API's document. */
export const chosenPassword = givenPassword.describe(
  `At least ${SHORTEST.alone} characters, or ${SHORTEST['beside-second-factor']} with a second factor; at most ${LONGEST}. Not your name, your email ` +
    'address or the name of your organization, and not a password known from data breaches',
);

export interface ChosenPassword {
  readonly password: Secret;
  /** Whether a second factor is enrolled, or the organization requires one. */
  readonly secondFactor: boolean;
  /** What an attacker who knows the person would try first (ASVS 6.2.11). */
  readonly context: readonly string[];
  /** Where it stands in the request's body, as a JSON pointer. */
  readonly pointer: string;
}

/**
 * Refuses a password that is too short, too long, breached, or made of the account's own words. No rules of composition and no
 * expiry (ASVS 6.2.5, 6.2.10).
 */
export function assertGoodPassword(breached: BreachedPasswords, chosen: ChosenPassword): void {
  const fault = faultOf(breached, chosen);
  if (fault) throw problem('invalid-request', { errors: [{ pointer: chosen.pointer, detail: fault }] });
}

export interface ChoosingMember {
  readonly email: string | null;
  readonly name: string | null;
  readonly hasSecondFactor: boolean;
}

/** The rules for the password of an organization's member: they depend on the organization's name and settings. */
@Injectable()
export class PasswordRules {
  constructor(
    private readonly operator: Operator,
    private readonly breached: BreachedPasswords,
  ) {}

  /** @throws the problem `invalid-request`, about what stands at `pointer` */
  async assertGood(
    unit: UnitOfWork,
    { email, name, hasSecondFactor }: ChoosingMember,
    password: Secret,
    pointer: string,
  ): Promise<void> {
    const [organization] = await unit.query<{ name: string; second_factor_required: boolean }>(
      'select name, second_factor_required from organization',
    );
    const required = this.operator.requiresSecondFactor(
      unit.organizationId,
      organization?.second_factor_required ?? false,
    );
    assertGoodPassword(this.breached, {
      password,
      secondFactor: required || hasSecondFactor,
      context: [email ?? '', name ?? '', organization?.name ?? ''],
      pointer,
    });
  }
}

/** Whether it is long enough without a second factor; checked while it is known, in case the factor is removed later. */
export function isGoodAlone(password: Secret): boolean {
  return Array.from(password.reveal()).length >= SHORTEST.alone;
}

function faultOf(
  breached: BreachedPasswords,
  { password, secondFactor, context }: ChosenPassword,
): string | null {
  const text = password.reveal();
  const length = Array.from(text).length;
  const shortest = SHORTEST[secondFactor ? 'beside-second-factor' : 'alone'];
  if (length < shortest) return `must have at least ${shortest} characters`;
  if (length > LONGEST) return `must have at most ${LONGEST} characters`;
  const folded = text.toLowerCase();
  if (context.some((word) => word !== '' && folded === word.toLowerCase())) {
    return 'must not be your name, your email address or the name of your organization';
  }
  if (breached.includes(password))
    return 'must not be a password that is known from data breaches: choose another one';
  return null;
}
