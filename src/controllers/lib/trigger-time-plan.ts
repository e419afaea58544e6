/** On Endpoints and EndpointSlices: when what led to their last change happened, for measuring how long that took. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

/** The annotations with the time, or without one that was there. */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> | undefined {
  const { [TRIGGER_TIME]: _, ...others } = annotations ?? {};
  const all = time === undefined ? others : { ...others, [TRIGGER_TIME]: time };
  return Object.keys(all).length > 0 ? all : undefined;
}
