import { ApiError } from '../../../api/meta/status.ts';
import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { OutboundError } from '../../outbound/outbound-error.ts';
import type { AdmissionRequest, RequestContext } from '../../ports.ts';
import { internalError } from '../../registry/errors.ts';
import type { Hook } from './hook.ts';
import { admissionReview, isDryRun, reviewVersion, type Versioned } from './review.ts';
import { InvalidVerdict, readVerdict, refusalBy, type Verdict } from './verdict-plan.ts';

/** A webhook could not be asked, or did not answer sensibly. It says nothing about the request. */
export class WebhookFailure extends Error {
  override name = 'WebhookFailure';
}

/** How one call went, for metrics. */
export interface WebhookCall {
  readonly name: string;
  readonly type: 'admit' | 'validating';
  readonly operation: string;
  readonly seconds: number;
  readonly rejected: boolean;
  readonly code: number;
  readonly error: 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error';
  readonly failedOpen: boolean;
}

export interface AskDeps {
  readonly clock: Clock;
  readonly observe?: (call: WebhookCall) => void;
  readonly outbound: Outbound;
  readonly newUid: () => string;
  readonly log: Logger;
}

const HARMLESS = new Set(['None', 'NoneOnDryRun']);

/**
 * Asks one webhook. Throws ApiError when it refuses, or when a dry run must not reach it, and WebhookFailure, in upstream's words, when the call
 * fails. Warnings and audit annotations are passed on.
 */
export async function ask(deps: AskDeps, hook: Hook, admission: AdmissionRequest, as: Versioned, mutating: boolean): Promise<Verdict> {
  const startedMs = deps.clock.monotonic();
  let outcome: Outcome = ALLOWED;
  try {
    return await verdictOf(deps, hook, admission, as, mutating);
  } catch (error) {
    outcome = outcomeOf(error, hook);
    throw error;
  } finally {
    const seconds = (deps.clock.monotonic() - startedMs) / 1000;
    admission.context.heldUp?.(seconds);
    deps.observe?.({ name: hook.name, type: mutating ? 'admit' : 'validating', operation: admission.operation, seconds, ...outcome });
  }
}

type Outcome = Pick<WebhookCall, 'rejected' | 'code' | 'error' | 'failedOpen'>;
const ALLOWED: Outcome = { rejected: false, code: 200, error: 'no_error', failedOpen: false };
const UNAVAILABLE = 503;
const INTERNAL = 500;

function outcomeOf(error: unknown, { ignoresFailures }: Hook): Outcome {
  if (error instanceof ApiError) return { rejected: true, code: error.code, error: 'no_error', failedOpen: false };
  if (!(error instanceof WebhookFailure)) return { rejected: true, code: INTERNAL, error: 'apiserver_internal_error', failedOpen: false };
  const answered = error.cause instanceof OutboundError ? error.cause.status?.code : undefined;
  return { rejected: !ignoresFailures, code: answered ?? UNAVAILABLE, error: 'calling_webhook_error', failedOpen: ignoresFailures };
}

async function verdictOf(deps: AskDeps, hook: Hook, admission: AdmissionRequest, as: Versioned, mutating: boolean): Promise<Verdict> {
  const quoted = JSON.stringify(hook.name);
  if (isDryRun(admission) && !HARMLESS.has(hook.sideEffects ?? '')) {
    throw new ApiError('BadRequest', `admission webhook ${quoted} does not support dry run`);
  }
  const failure = (why: string, cause?: unknown) => new WebhookFailure(`failed calling webhook ${quoted}: ${why}`, { cause });
  const version = reviewVersion(hook.reviewVersions);
  if (!version) {
    throw failure('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  }
  const uid = deps.newUid();
  const verdict = await call(deps, hook, admissionReview(admission, as, { uid, version }), admission.context)
    .then((answer) => readVerdict(answer, { uid, version, mutating }))
    .catch((error: unknown) => {
      if (error instanceof InvalidVerdict && !error.undecodable)
        throw failure(`received invalid webhook response: ${error.message}`, error);
      if (error instanceof OutboundError || error instanceof InvalidVerdict)
        throw failure(`failed to call webhook: ${error.message}`, error);
      throw error;
    });
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) admission.context.annotate?.(`${hook.name}/${key}`, value);
  for (const warning of verdict.warnings) admission.context.warn(warning);
  if (!verdict.allowed) throw refusalBy(hook.name, verdict.status);
  return verdict;
}

function call({ outbound }: AskDeps, hook: Hook, review: object, { signal, remainingMs }: RequestContext): Promise<unknown> {
  // The webhook is told no more time than the client has, in whole seconds.
  const timeoutMs = Math.min(hook.timeoutMs, Math.max(1, Math.ceil((remainingMs?.() ?? Number.POSITIVE_INFINITY) / 1000)) * 1000);
  return outbound.postJson(hook.endpoint, { body: review, timeoutMs, signal });
}

/** What becomes of an error: nothing (the webhook's failures are ignored), or what the client sees. */
export function judged(error: unknown, hook: Hook, log: Logger): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!(error instanceof WebhookFailure)) throw error;
  log.warn(
    { webhook: hook.name, configuration: hook.configuration, failOpen: hook.ignoresFailures, why: error.message },
    'calling a webhook failed',
  );
  return hook.ignoresFailures ? undefined : internalError(error.message);
}
