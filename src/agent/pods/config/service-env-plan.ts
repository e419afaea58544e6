import type { Service } from '../../../api/schema/generated/types.ts';

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_');

/** Variables of one service, in Kubernetes' own form and in that of Docker links (Kubernetes, "Service: environment variables"). */
function variablesOf({ metadata, spec }: Service): [string, string][] {
  const host = spec?.clusterIP ?? '';
  const first = spec?.ports?.[0];
  if (host === '' || host === 'None' || !first) return [];
  const prefix = upper(metadata?.name ?? '');
  const address = host.includes(':') ? `[${host}]` : host;
  const list: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, `${first.port}`],
  ];
  for (const port of spec?.ports ?? []) if (port.name) list.push([`${prefix}_SERVICE_PORT_${upper(port.name)}`, `${port.port}`]);
  for (const [index, port] of (spec?.ports ?? []).entries()) {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    const url = `${protocol}://${address}:${port.port}`;
    const link = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    if (index === 0) list.push([`${prefix}_PORT`, url]);
    list.push([link, url], [`${link}_PROTO`, protocol], [`${link}_PORT`, `${port.port}`], [`${link}_ADDR`, host]);
  }
  return list;
}

/** `default/kubernetes` is always among them; services of the pod's namespace only with enableServiceLinks. */
export function serviceEnv(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const env = new Map<string, string>();
  const master = (s: Service) => s.metadata?.namespace === 'default' && s.metadata.name === 'kubernetes';
  const own = (s: Service) => links && s.metadata?.namespace === namespace;
  const ordered = [...services.filter(master), ...services.filter((s) => own(s) && s.metadata?.name !== 'kubernetes')];
  if (namespace !== 'default') ordered.push(...services.filter((s) => own(s) && s.metadata?.name === 'kubernetes'));
  for (const service of ordered) for (const [key, value] of variablesOf(service)) env.set(key, value);
  return env;
}
