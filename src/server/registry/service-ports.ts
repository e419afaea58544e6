import { allocatesNodePorts, hasNodePorts } from '../../api/core/service-defaults.ts';
import { needsHealthCheck } from '../../api/core/service-update.ts';
import { type FieldError, invalid } from '../../api/meta/field-error.ts';
import type { ServicePort, ServiceSpec } from '../../api/schema/generated/types.ts';
import type { Pool } from './address-pool.ts';
import { internalError, unknownError } from './errors.ts';

export interface PortPool {
  readonly ports: Pool;
  /** `first-last`, for messages. */
  readonly range: string;
}

interface PortClaim extends PortPool {
  /** What the Service had before. */
  readonly before: ReadonlySet<number>;
  /** What this write took. */
  readonly taken: Set<number>;
  /** Of a dry run upstream does not look at the range. */
  readonly dryRun: boolean;
}

/**
 * Takes the node ports that a Service asks for, and gives it those that it needs; answers with the first that it cannot have.
 * Throws ApiError InternalError (kubernetes, registry/core/service/storage/alloc.go: txnAllocNodePorts, txnUpdateNodePorts).
 */
export function fillPorts(claim: PortClaim, spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  if (hasNodePorts(spec)) {
    const error = old ? updatePorts(claim, spec) : createPorts(claim, spec);
    if (error) return [error];
  }
  if (needsHealthCheck(spec) && !(old && needsHealthCheck(old))) fillHealthCheckPort(claim, spec);
  return [];
}

/** One port of several protocols has one node port. */
function createPorts(claim: PortClaim, spec: ServiceSpec): FieldError | undefined {
  const { ports = [] } = spec;
  const shared = new Map<number, number>();
  for (const [i, port] of ports.entries()) {
    if (!port.nodePort && !allocatesNodePorts(spec)) continue;
    const known = shared.get(port.port);
    const wanted = known === undefined ? ports.find((other) => other.port === port.port && other.nodePort)?.nodePort : port.nodePort;
    const error = wanted && wanted !== known ? hold(claim, wanted, i, false) : undefined;
    if (error) return error;
    if (known === undefined) shared.set(port.port, wanted ?? anyPort(claim, 'a nodePort'));
    port.nodePort = known === undefined ? (shared.get(port.port) ?? 0) : (wanted ?? known);
  }
  return undefined;
}

function updatePorts(claim: PortClaim, spec: ServiceSpec): FieldError | undefined {
  const seen = new Set<string>();
  for (const [i, port] of (spec.ports ?? []).entries()) {
    if (!port.nodePort && !allocatesNodePorts(spec)) continue;
    const error = port.nodePort ? hold(claim, port.nodePort, i, true) : undefined;
    if (error) return error;
    port.nodePort ||= anyPort(claim, 'a nodePort');
    const name = nameOf(port);
    if (seen.has(name)) throw unknownError(`duplicate nodePort: ${name}`);
    seen.add(name);
  }
  return undefined;
}

const nameOf = ({ protocol, nodePort }: ServicePort) => `{${protocol} ${nodePort}}`;

function fillHealthCheckPort(claim: PortClaim, spec: ServiceSpec): void {
  const { healthCheckNodePort: wanted } = spec;
  const why = wanted ? refusal(claim, wanted, false) : undefined;
  if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`);
  spec.healthCheckNodePort = wanted || anyPort(claim, 'a HealthCheck NodePort 0');
}

function hold(claim: PortClaim, port: number, index: number, mayShare: boolean): FieldError | undefined {
  const why = refusal(claim, port, mayShare);
  return why === undefined ? undefined : invalid(`spec.ports[${index}].nodePort`, port, why);
}

const ALLOCATED = 'provided port is already allocated';

/** Why the Service cannot have the port, which it has from now on when it can. `mayShare`: with another port of its own. */
function refusal({ ports, range, before, taken, dryRun }: PortClaim, port: number, mayShare: boolean): string | undefined {
  if (before.has(port)) return undefined;
  if (taken.has(port)) return mayShare ? undefined : ALLOCATED;
  if (!ports.has(BigInt(port))) return dryRun ? undefined : `provided port is not in the valid range. The range of valid ports is ${range}`;
  if (!ports.take(BigInt(port))) return ALLOCATED;
  taken.add(port);
  return undefined;
}

function anyPort({ ports, taken }: PortClaim, what: string): number {
  const port = ports.any();
  if (port === undefined) throw internalError(`failed to allocate ${what}: range is full`);
  taken.add(Number(port));
  return Number(port);
}
