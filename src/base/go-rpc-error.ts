const NAMES =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );

/** What Go's gRPC prints of an error, by its status code: events, statuses and health checks of Kubernetes carry these words. */
export const goRpcError = (code: number, details: string): string =>
  `rpc error: code = ${NAMES[code] ?? `Code(${code})`} desc = ${details}`;
