import { fullRegistry } from '../index.ts';
import { hasMessage, type Message, messageOf, messageWith, PARTIAL_METADATA } from './messages.ts';

/** Kinds that the registry lacks: what subresources take, and what is not built in. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  'autoscaling/v1 Scale': 'Scale',
  'policy/v1 Eviction': 'Eviction',
  'authentication.k8s.io/v1 TokenRequest': 'AuthenticationV1TokenRequest',
  'meta.k8s.io/v1 PartialObjectMetadata': PARTIAL_METADATA,
  'meta.k8s.io/v1beta1 PartialObjectMetadata': PARTIAL_METADATA,
  'apiextensions.k8s.io/v1 CustomResourceDefinition': 'CustomResourceDefinition',
};
/** Kinds of every group. */
const META_KINDS: ReadonlySet<string> = new Set(['DeleteOptions', 'Status']);
/** Of discovery, before a version was said in them. */
const DISCOVERY_KINDS: ReadonlySet<string> = new Set(['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions']);
const listOf = (schema: string): Message =>
  messageWith([
    { name: 'metadata', number: 1, keepsZero: false, type: { is: 'schema', name: 'ListMeta' } },
    { name: 'items', number: 2, keepsZero: false, type: { is: 'list', items: { is: 'schema', name: schema } } },
  ]);

/** The message of a kind, or undefined: not a kind of ours, or one that a CustomResourceDefinition brought. */
export function messageOfKind(apiVersion: string, kind: string): Message | undefined {
  const known = kinds.get(`${apiVersion} ${kind}`);
  if (known) return known;
  const made = findMessage(apiVersion, kind);
  if (made) kinds.set(`${apiVersion} ${kind}`, made);
  return made;
}
const kinds = new Map<string, Message>();

function findMessage(apiVersion: string, kind: string): Message | undefined {
  const schema = schemaOfKind(apiVersion, kind);
  if (schema !== undefined) return messageOf(schema);
  if (!kind.endsWith('List')) return undefined;
  const items = schemaOfKind(apiVersion, kind.slice(0, -'List'.length));
  return items === undefined ? undefined : listOf(items);
}

function schemaOfKind(apiVersion: string, kind: string): string | undefined {
  if (META_KINDS.has(kind) || (apiVersion === 'v1' && DISCOVERY_KINDS.has(kind))) return kind;
  const slash = apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  const schema = fullRegistry.findKind(group, version, kind)?.schema ?? OTHER_KINDS[`${apiVersion} ${kind}`];
  return schema !== undefined && hasMessage(schema) ? schema : undefined;
}
