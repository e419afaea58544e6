import type { Clock } from '../../../base/clock.ts';

/** What became of one expression of a policy; of those that hold, upstream counts none. */
export interface PolicyCheck {
  readonly policy: string;
  readonly binding: string;
  readonly error: CheckError;
  /** What the binding made of it; absent for mutations. */
  readonly action?: 'allow' | 'deny' | 'audit' | 'warn';
  readonly seconds: number;
}

export type CheckError = 'compile_error' | 'invalid_error' | 'out_of_budget' | 'no_error';

/** Whoever wants to know of checks, and the clock to time them by. */
export interface CheckDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly observe?: (check: PolicyCheck) => void;
}

/** Source: apiserver, policy/validating/errors.go: the text tells, and a validation that does not hold is an invalid_error. */
export function checkErrorOf(message: string | undefined): CheckError {
  if (message === undefined) return 'no_error';
  if (message.startsWith('compilation')) return 'compile_error';
  return message.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error';
}
