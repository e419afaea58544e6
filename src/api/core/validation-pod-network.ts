import { checkIp } from '../meta/addresses.ts';
import { type FieldError, forbidden, invalid, required, tooLong } from '../meta/field-error.ts';
import { dns1123SubdomainFindings, underscoredSubdomainFindings } from '../meta/names.ts';
import { checkSubdomain, found } from '../meta/validation.ts';
import type { PodDNSConfig, PodSpec } from '../schema/generated/types.ts';

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
/** What the kernel takes. */
const MAX_HOSTNAME = 64;

function checkSearches(path: string, searches: readonly string[]): FieldError[] {
  const errors = searches.length > MAX_SEARCHES ? [invalid(path, searches, `must not have more than ${MAX_SEARCHES} search paths`)] : [];
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    errors.push(
      invalid(path, searches, `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`),
    );
  }
  const each = searches.flatMap((search, i) => {
    const name = search === '.' ? undefined : search.replace(/\.$/, '');
    return name === undefined ? [] : found(`${path}[${i}]`, name, underscoredSubdomainFindings(name));
  });
  return [...errors, ...each];
}

export function checkDnsConfig(path: string, config: PodDNSConfig | undefined, policy: string | undefined): FieldError[] {
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (nameservers.length === 0) {
      return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
    }
  }
  const many = nameservers.length > MAX_NAMESERVERS;
  return [
    ...(many ? [invalid(`${path}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`)] : []),
    ...nameservers.flatMap((server, i) => checkIp(`${path}.nameservers[${i}]`, server)),
    ...checkSearches(`${path}.searches`, searches),
    ...options.flatMap(({ name }, i) => (name ? [] : [required(`${path}.options[${i}]`, 'must not be empty')])),
  ];
}

export const checkHostAliases = (path: string, aliases: PodSpec['hostAliases']): FieldError[] =>
  (aliases ?? []).flatMap(({ ip = '', hostnames = [] }, i) => [
    ...checkIp(`${path}[${i}].ip`, ip),
    ...hostnames.flatMap((name, j) => found(`${path}[${i}].hostnames[${j}]`, name, dns1123SubdomainFindings(name))),
  ]);

/** On the host's network a port is the host's. A template may leave that to the pod. */
export function checkHostNetworkPorts(path: string, { hostNetwork, containers = [] }: PodSpec, isPod: boolean): FieldError[] {
  if (!hostNetwork) return [];
  return containers.flatMap(({ ports = [] }, c) =>
    ports.flatMap(({ hostPort = 0, containerPort = 0 }, p) =>
      hostPort === containerPort || (hostPort === 0 && !isPod)
        ? []
        : [invalid(`${path}.containers[${c}].ports[${p}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true')],
    ),
  );
}

/** The host name inside the pod, whatever it is called outside (KEP-4762). */
export function checkHostnameOverride(path: string, { hostnameOverride: name, setHostnameAsFQDN, hostNetwork }: PodSpec): FieldError[] {
  if (name === undefined) return [];
  return [
    ...(setHostnameAsFQDN ? [forbidden(path, 'may not be specified when setHostnameAsFQDN is true')] : []),
    ...(hostNetwork ? [forbidden(path, 'may not be specified when hostNetwork is true')] : []),
    ...(name.length > MAX_HOSTNAME ? [tooLong(path, MAX_HOSTNAME)] : []),
    ...checkSubdomain(path, name),
  ];
}
