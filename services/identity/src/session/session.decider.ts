import { decider, type OrganizationId, unreachable, type UserId } from '@vouchsafe/event-sourcing';
import type {
  LogInEvent,
  LogInFailure,
  SessionEndReason,
  SessionEvent,
  SessionLevel,
} from './session.events.js';

export type Session =
  | { readonly status: 'absent' | 'ended' }
  | {
      readonly status: 'live';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly sessionId: string;
      readonly level: SessionLevel;
    };

export type SessionCommand =
  | {
      readonly type: 'start';
      readonly organizationId: OrganizationId;
      readonly userId: UserId;
      readonly sessionId: string;
      readonly level: SessionLevel;
      readonly expiresAt: Date;
      readonly sourceIp: string | null;
      readonly userAgent: string | null;
    }
  | { readonly type: 'elevate'; readonly level: SessionLevel }
  | { readonly type: 'end'; readonly reason: SessionEndReason };

export type SessionRejection = { readonly rejected: 'already-started' | 'not-live' };

export const session = decider<Session, SessionCommand, SessionEvent, SessionRejection>({
  initial: { status: 'absent' },
  decide: (state, command) => {
    if (command.type === 'start') {
      if (state.status !== 'absent') return { rejected: 'already-started' };
      const { organizationId, userId, sessionId, level, expiresAt, sourceIp, userAgent } = command;
      return [
        {
          type: 'session-started',
          data: {
            organizationId,
            userId,
            sessionId,
            level,
            expiresAt: expiresAt.toISOString(),
            sourceIp,
            userAgent,
          },
        },
      ];
    }
    if (state.status !== 'live') return { rejected: 'not-live' };
    const { organizationId, userId, sessionId } = state;
    switch (command.type) {
      case 'elevate': {
        // Proving a single factor again never takes away the second one that was proved before.
        const level = state.level === 'two-factor' ? state.level : command.level;
        return [{ type: 'session-elevated', data: { organizationId, userId, sessionId, level } }];
      }
      case 'end':
        return [
          { type: 'session-ended', data: { organizationId, userId, sessionId, reason: command.reason } },
        ];
      default:
        return unreachable(command);
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'session-started': {
        const { organizationId, userId, sessionId, level } = event.data;
        return { status: 'live', organizationId, userId, sessionId, level };
      }
      case 'session-elevated':
        return state.status === 'live' ? { ...state, level: event.data.level } : state;
      case 'session-ended':
        return { status: 'ended' };
      default:
        return unreachable(event);
    }
  },
});

export interface FailedLogIn {
  readonly organizationId: OrganizationId;
  readonly userId: UserId | null;
  readonly reason: LogInFailure;
  /** It was one too many: further attempts are refused for a while. */
  readonly stops: boolean;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
}

/** A denied attempt: recorded once, nothing follows from it. */
export const logInAttempt = decider<
  { readonly recorded: boolean },
  FailedLogIn,
  LogInEvent,
  { readonly rejected: 'already-recorded' }
>({
  initial: { recorded: false },
  decide: (state, { reason, stops, ...whose }) => {
    if (state.recorded) return { rejected: 'already-recorded' };
    const failed: LogInEvent = { type: 'log-in-failed', data: { ...whose, reason } };
    return stops ? [failed, { type: 'log-in-stopped', data: whose }] : [failed];
  },
  evolve: (_, event) => {
    switch (event.type) {
      case 'log-in-failed':
      case 'log-in-stopped':
        return { recorded: true };
      default:
        return unreachable(event);
    }
  },
});
