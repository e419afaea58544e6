import type { Pod } from '../schema/generated/types.ts';

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

const ANY_ADDRESS = '0.0.0.0';
const NONE: readonly HostPort[] = [];

/** The ports of the node that a pod takes: of its containers and of sidecars. */
export function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  let found: HostPort[] | undefined;
  const collect = (containers: NonNullable<Pod['spec']>['containers']) => {
    for (const { ports } of containers) {
      for (const { hostPort, hostIP, protocol } of ports ?? []) {
        if (!hostPort) continue;
        found ??= [];
        found.push({ port: hostPort, ip: hostIP || ANY_ADDRESS, protocol: protocol ?? 'TCP' });
      }
    }
  };
  collect(spec?.containers ?? []);
  if (spec?.initContainers) collect(spec.initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'));
  return found ?? NONE;
}

export const portsCollide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY_ADDRESS || b.ip === ANY_ADDRESS);
