import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { truth } from '../../api/query-truth.ts';
import type { StreamHandler } from '../ports.ts';
import type { Admission } from '../registry/deps.ts';
import { forwardedPorts } from '../tunnel/forwarded-ports.ts';

type Handling = Parameters<StreamHandler['handle']>[0];
type Options = KubeObject & Record<string, unknown>;

/** What the query of an exec, attach or port-forward says, as the fields of its options kind (PodExecOptions, …). */
const FLAGS = ['stdin', 'stdout', 'stderr', 'tty'];
const LISTS: Readonly<Record<string, (texts: string[]) => unknown[]>> = { command: (texts) => texts, ports: forwardedPorts };

/**
 * Connections pass admission before they are made: as a CONNECT of PodExecOptions and the like. What plugins change there counts. Subresources that
 * only read (log) have no options kind, and are not asked about.
 */
export function admittedStreams(
  streams: Readonly<Record<string, StreamHandler>>,
  {
    admission,
    definition,
  }: { admission: Admission; definition: (group: string, version: string, plural: string) => ResourceDefinition | undefined },
): Readonly<Record<string, StreamHandler>> {
  const admit = async (handling: Handling): Promise<Handling> => {
    const { request, context } = handling;
    const declared = definition(request.group, request.version, request.resource)?.subresources[request.subresource ?? ''];
    if (declared?.kind !== 'custom' || !declared.objectKind) return handling;
    const object = optionsOf(handling, declared.objectKind);
    const asked = { operation: 'CONNECT', request, object, old: undefined, context } as const;
    const before = JSON.stringify(object);
    await admission.mutate(asked);
    await admission.validate(asked);
    return JSON.stringify(object) === before ? handling : { ...handling, url: withOptions(handling.url, object) };
  };
  const admitted = ({ handle }: StreamHandler): StreamHandler => ({ handle: async (handling) => handle(await admit(handling)) });
  return Object.fromEntries(Object.entries(streams).map(([name, handler]) => [name, admitted(handler)]));
}

function optionsOf({ request, url }: Handling, { group, version, kind }: { group: string; version: string; kind: string }): Options {
  const object: Options = { kind, apiVersion: group ? `${group}/${version}` : version };
  if (request.subresource === 'proxy') {
    object.path = url.pathname.replace(/^.*?\/proxy\/?/, '/');
    return object;
  }
  const query = url.searchParams;
  for (const flag of FLAGS) if (truth(query.get(flag))) object[flag] = true;
  const container = query.get('container');
  if (container) object.container = container;
  for (const [field, read] of Object.entries(LISTS)) if (query.has(field)) object[field] = read(query.getAll(field));
  return object;
}

function withOptions(url: URL, object: Options): URL {
  const changed = new URL(url);
  const query = changed.searchParams;
  for (const flag of FLAGS) {
    if (object[flag] === true) query.set(flag, 'true');
    else query.delete(flag);
  }
  if (typeof object.container === 'string') query.set('container', object.container);
  for (const field of Object.keys(LISTS)) {
    query.delete(field);
    const values = object[field];
    if (Array.isArray(values)) for (const value of values) query.append(field, String(value));
  }
  return changed;
}
