import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkNonNegative, checkPort, checkPortNumberOrName, found } from '../meta/validation.ts';
import type { Container, GRPCAction, HTTPGetAction, LifecycleHandler, Probe } from '../schema/generated/types.ts';

type Handler = LifecycleHandler & { grpc?: GRPCAction };

const PROBE_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;
const HOOK_HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'sleep'] as const;
const HEADER_RULE =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

const headerFindings = (name: string): string[] => (/^[-A-Za-z0-9]+$/.test(name) ? [] : [HEADER_RULE]);

function checkHttpGet(path: string, { path: file, port, scheme, httpHeaders }: HTTPGetAction): FieldError[] {
  return [
    ...(file ? [] : [required(`${path}.path`)]),
    ...checkPortNumberOrName(`${path}.port`, port ?? 0),
    ...checkEnum(`${path}.scheme`, scheme, ['HTTP', 'HTTPS']),
    ...(httpHeaders ?? []).flatMap(({ name }) => found(`${path}.httpHeaders`, name ?? '', headerFindings(name ?? ''))),
  ];
}

function checkAction(path: string, kind: keyof Handler, handler: Handler, graceSeconds: number | undefined): FieldError[] {
  const at = `${path}.${kind}`;
  switch (kind) {
    case 'exec':
      return handler.exec?.command?.length ? [] : [required(`${at}.command`)];
    case 'httpGet':
      return checkHttpGet(at, handler.httpGet ?? ({} as HTTPGetAction));
    case 'tcpSocket':
      return checkPortNumberOrName(`${at}.port`, handler.tcpSocket?.port ?? 0);
    case 'grpc':
      return checkPort(`${at}.port`, handler.grpc?.port ?? 0);
    case 'sleep': {
      const seconds = handler.sleep?.seconds ?? 0;
      if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
      return [invalid(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)];
    }
  }
}

/** Exactly one of exec, httpGet, tcpSocket, grpc (probes) or sleep (hooks). */
function checkHandler(path: string, kinds: readonly (keyof Handler)[], handler: Handler, graceSeconds: number | undefined): FieldError[] {
  const [first, ...more] = kinds.filter((kind) => handler[kind] !== undefined);
  if (first === undefined) return [required(path, 'must specify a handler type')];
  return [
    ...checkAction(path, first, handler, graceSeconds),
    ...more.map((kind) => forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type')),
  ];
}

const COUNTS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const;

function checkProbe(path: string, probe: Probe): FieldError[] {
  const errors = checkHandler(path, PROBE_HANDLERS, probe, undefined);
  for (const field of COUNTS) errors.push(...checkNonNegative(`${path}.${field}`, probe[field]));
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  return errors;
}

/** Probes that end the container succeed once and are done. */
function checkOnce(path: string, probe: Probe | undefined): FieldError[] {
  if (!probe) return [];
  const threshold = probe.successThreshold ?? 1;
  const errors = checkProbe(path, probe);
  return threshold === 1 ? errors : [...errors, invalid(`${path}.successThreshold`, threshold, 'must be 1')];
}

function checkReadiness(path: string, probe: Probe | undefined): FieldError[] {
  if (!probe) return [];
  const errors = checkProbe(path, probe);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace === undefined) return errors;
  return [...errors, invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes')];
}

/** Hooks and probes, of containers that keep running. */
export function checkLifecycleAndProbes(path: string, container: Container, graceSeconds: number | undefined): FieldError[] {
  const { lifecycle } = container;
  return [
    ...(lifecycle?.postStart ? checkHandler(`${path}.lifecycle.postStart`, HOOK_HANDLERS, lifecycle.postStart, graceSeconds) : []),
    ...(lifecycle?.preStop ? checkHandler(`${path}.lifecycle.preStop`, HOOK_HANDLERS, lifecycle.preStop, graceSeconds) : []),
    ...checkOnce(`${path}.livenessProbe`, container.livenessProbe),
    ...checkReadiness(`${path}.readinessProbe`, container.readinessProbe),
    ...checkOnce(`${path}.startupProbe`, container.startupProbe),
  ];
}
