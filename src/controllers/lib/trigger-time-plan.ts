import { TRIGGER_TIME } from '../../api/discovery/endpoint-slice.ts';

/** The annotations with the time, or without one that was there. */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> | undefined {
  const { [TRIGGER_TIME]: _, ...others } = annotations ?? {};
  const all = time === undefined ? others : { ...others, [TRIGGER_TIME]: time };
  return Object.keys(all).length > 0 ? all : undefined;
}
