/** Kubernetes' Status reasons (apimachinery, metav1.StatusReason) with the HTTP code that each goes with. */
export const STATUS_CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  NotImplemented: 501,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 500,
} as const;

export type StatusReason = keyof typeof STATUS_CODES;

/** One line of `details.causes`, reasons as upstream's field.ErrorType names them. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** metav1.Status: what the API answers when it does not answer with an object. */
export interface Status {
  apiVersion: 'v1';
  kind: 'Status';
  /** `continue`: where an expired list may go on. */
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  /** Absent where a deletion went well. */
  code?: number;
}

/** Any failure that the API reports, on the server that throws it and in the client that receives it. */
export class ApiError extends Error {
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** A token with which an expired list can go on, inconsistently. */
  readonly continue: string | undefined;
  /** What the Status says for a reason when it is none of Kubernetes' own: webhooks choose theirs freely. Empty: none. */
  readonly statedReason: string | undefined;

  constructor(
    reason: StatusReason,
    message: string,
    options: { details?: StatusDetails; code?: number; continue?: string; statedReason?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApiError';
    this.reason = reason;
    this.code = options.code ?? STATUS_CODES[reason];
    this.details = options.details;
    this.continue = options.continue;
    this.statedReason = options.statedReason;
  }

  toStatus(): Status {
    const reason = this.statedReason ?? this.reason;
    return {
      apiVersion: 'v1',
      kind: 'Status',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      ...(reason && { reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

/** The error that a received failure Status stands for. Unknown reasons become InternalError with the Status' own code. */
export function fromStatus(status: Partial<Status>): ApiError {
  const isKnown = status.reason !== undefined && Object.hasOwn(STATUS_CODES, status.reason);
  const reason = isKnown ? (status.reason as StatusReason) : 'InternalError';
  return new ApiError(reason, status.message ?? 'unknown error', {
    ...(!isKnown && { statedReason: status.reason ?? '' }),
    details: status.details,
    code: status.code,
    continue: status.metadata?.continue,
  });
}

const has = (e: unknown, ...reasons: StatusReason[]) => e instanceof ApiError && reasons.includes(e.reason);
export const isNotFound = (e: unknown): boolean => has(e, 'NotFound');
export const isTooManyRequests = (e: unknown): boolean => has(e, 'TooManyRequests');
export const isConflict = (e: unknown): boolean => has(e, 'Conflict');
export const isAlreadyExists = (e: unknown): boolean => has(e, 'AlreadyExists');
export const isExpired = (e: unknown): boolean => has(e, 'Expired', 'Gone');
export const isForbidden = (e: unknown): boolean => has(e, 'Forbidden');
export const isInvalid = (e: unknown): boolean => has(e, 'Invalid');

/** `pods` or `deployments.apps`: how Status messages call a resource. */
export const qualifiedResource = (plural: string, group: string): string => (group ? `${plural}.${group}` : plural);

export const notFound = (resource: { plural: string; group: string }, name: string): ApiError =>
  new ApiError('NotFound', `${qualifiedResource(resource.plural, resource.group)} "${name}" not found`, {
    details: { name, ...(resource.group && { group: resource.group }), kind: resource.plural },
  });
