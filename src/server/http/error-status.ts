import { ApiError } from '../../api/meta/status.ts';
import type { Logger } from '../../base/logger.ts';
import { StoreError, type StoreErrorReason } from '../../store/store.ts';

const STORE_ERRORS: Readonly<Record<StoreErrorReason, (message: string) => ApiError>> = {
  Conflict: (message) => new ApiError('Conflict', message),
  NotFound: () => new ApiError('NotFound', 'the server could not find the requested resource'),
  Expired: (message) => new ApiError('Expired', message),
  TooSlow: (message) => new ApiError('Expired', message),
  Closed: () => new ApiError('ServiceUnavailable', 'the server is shutting down', { details: { retryAfterSeconds: 1 } }),
  Unreadable: (message) => new ApiError('InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] } }),
  TooLarge: (message) => new ApiError('RequestEntityTooLarge', message),
  Unavailable: (message) => new ApiError('ServiceUnavailable', message, { details: { retryAfterSeconds: 1 } }),
};

/** Neither what the API says nor what the store says: a mistake in the code. */
export const isUnexpected = (error: unknown): boolean => !(error instanceof ApiError || error instanceof StoreError);

/** The one place where errors become what clients see. Unexpected ones are logged, and say no more than upstream's do. */
export function asApiError(error: unknown, log: Logger): ApiError {
  if (error instanceof ApiError) {
    if (error.code >= 500 && error.cause !== undefined) log.error({ error: error.cause }, 'request failed');
    return error;
  }
  if (error instanceof StoreError) return STORE_ERRORS[error.reason](error.message);
  log.error({ error }, 'request failed unexpectedly');
  const message = `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`;
  return new ApiError('InternalError', message, { details: { causes: [{ message }] }, cause: error });
}
