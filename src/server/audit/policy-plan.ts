import { type FieldError, fieldErrorText, invalid, notSupported, required } from '../../api/meta/field-error.ts';
import { dns1123SubdomainFindings } from '../../api/meta/names.ts';
import type { UserInfo } from '../ports.ts';

/** audit.k8s.io/v1 Policy (Kubernetes: "Auditing"), checked and ready to be asked. */
export interface AuditPolicy {
  /** What the first rule that matches says; level None when none does. */
  decide(attributes: AuditAttributes): AuditDecision;
}

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type AuditLevel = (typeof LEVELS)[number];
export type AuditStage = (typeof STAGES)[number];

export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

export interface AuditResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AuditAttributes {
  /** Whose credentials were presented, also when they act as somebody else; undefined: the credentials were wrong. */
  readonly user: UserInfo | undefined;
  readonly verb: string;
  readonly path: string;
  /** undefined: the path is no resource's. */
  readonly resource: AuditResource | undefined;
}

interface GroupResources {
  /** `*`: every group. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

interface Rule extends AuditDecision {
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly namespaces: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly nonResourceURLs: readonly string[];
}

type Document = Record<string, unknown>;
const isDocument = (value: unknown): value is Document => typeof value === 'object' && value !== null && !Array.isArray(value);

const POLICY_FIELDS = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'];
const RULE_FIELDS = [
  'level',
  'users',
  'userGroups',
  'verbs',
  'resources',
  'namespaces',
  'nonResourceURLs',
  'omitStages',
  'omitManagedFields',
];
const RESOURCE_FIELDS = ['group', 'resources', 'resourceNames'];

/** Reads the document. Throws an Error, one sentence, that names every field that is wrong. */
export function planAudit(document: unknown): AuditPolicy {
  if (!isDocument(document) || document.kind !== 'Policy' || document.apiVersion !== 'audit.k8s.io/v1') {
    throw new Error('it must be a Policy of audit.k8s.io/v1');
  }
  const reader = new Reader();
  reader.known(document, POLICY_FIELDS, '');
  const everywhere = {
    omitStages: reader.stages(document.omitStages, 'omitStages'),
    omitManagedFields: reader.flag(document.omitManagedFields, 'omitManagedFields') ?? false,
  };
  const rules = reader.list(document.rules, 'rules').map((rule, i) => readRule(reader, rule, `rules[${i}]`, everywhere));
  if (rules.length === 0) reader.errors.push(required('rules', 'loaded illegal policy with 0 rules'));
  if (reader.errors.length > 0) throw new Error(reader.errors.map(fieldErrorText).join('; '));
  const otherwise: AuditDecision = {
    level: 'None',
    omitStages: new Set(everywhere.omitStages),
    omitManagedFields: everywhere.omitManagedFields,
  };
  return { decide: (attributes) => rules.find((rule) => matches(rule, attributes)) ?? otherwise };
}

class Reader {
  readonly errors: FieldError[] = [];

  known(document: Document, fields: readonly string[], path: string): void {
    for (const name of Object.keys(document)) {
      if (!fields.includes(name))
        this.errors.push({ reason: 'FieldValueForbidden', path: `${path}${path && '.'}${name}`, message: 'unknown field' });
    }
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.errors.push(invalid(path, value, 'must be a list'));
    return [];
  }

  texts(value: unknown, path: string): readonly string[] {
    return this.list(value, path).filter((text, i): text is string => {
      if (typeof text !== 'string') this.errors.push(invalid(`${path}[${i}]`, text, 'must be a string'));
      return typeof text === 'string';
    });
  }

  flag(value: unknown, path: string): boolean | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'boolean') this.errors.push(invalid(path, value, 'must be true or false'));
    return value === true;
  }

  stages(value: unknown, path: string): readonly AuditStage[] {
    return this.texts(value, path).filter((stage, i): stage is AuditStage => {
      const known = STAGES.some((each) => each === stage);
      if (!known) this.errors.push(invalid(`${path}[${i}]`, stage, `allowed stages are ${STAGES.join(',')}`));
      return known;
    });
  }

  level(value: unknown, path: string): AuditLevel {
    const known = LEVELS.find((level) => level === value);
    if (value === undefined || value === '') this.errors.push(required(path));
    else if (!known) this.errors.push(notSupported(path, value, LEVELS));
    return known ?? 'None';
  }
}

type Everywhere = { readonly omitStages: readonly AuditStage[]; readonly omitManagedFields: boolean };

function readRule(reader: Reader, value: unknown, path: string, everywhere: Everywhere): Rule {
  const rule = isDocument(value) ? value : {};
  if (!isDocument(value)) reader.errors.push(invalid(path, value, 'must be a rule'));
  reader.known(rule, RULE_FIELDS, path);
  const made: Rule = {
    level: reader.level(rule.level, `${path}.level`),
    omitStages: new Set([...everywhere.omitStages, ...reader.stages(rule.omitStages, `${path}.omitStages`)]),
    omitManagedFields: reader.flag(rule.omitManagedFields, `${path}.omitManagedFields`) ?? everywhere.omitManagedFields,
    users: reader.texts(rule.users, `${path}.users`),
    userGroups: reader.texts(rule.userGroups, `${path}.userGroups`),
    verbs: reader.texts(rule.verbs, `${path}.verbs`),
    namespaces: reader.texts(rule.namespaces, `${path}.namespaces`),
    resources: reader.list(rule.resources, `${path}.resources`).map((each, i) => readResources(reader, each, `${path}.resources`, i)),
    nonResourceURLs: reader.texts(rule.nonResourceURLs, `${path}.nonResourceURLs`),
  };
  checkUrls(reader, made, path);
  return made;
}

function readResources(reader: Reader, value: unknown, path: string, index: number): GroupResources {
  const part = isDocument(value) ? value : {};
  const at = `${path}[${index}]`;
  if (!isDocument(value)) reader.errors.push(invalid(at, value, 'must be a group and its resources'));
  reader.known(part, RESOURCE_FIELDS, at);
  const group = part.group ?? '';
  const resources = reader.texts(part.resources, `${at}.resources`);
  const resourceNames = reader.texts(part.resourceNames, `${at}.resourceNames`);
  const findings = group === '' || group === '*' ? [] : dns1123SubdomainFindings(String(group));
  if (findings.length > 0) reader.errors.push(invalid(`${path}.group`, group, findings.join(',')));
  if (resourceNames.length > 0 && resources.length === 0) {
    reader.errors.push(invalid(`${path}.resourceNames`, resourceNames, 'using resourceNames requires at least one resource'));
  }
  return { group: String(group), resources, resourceNames };
}

function checkUrls({ errors }: Reader, { nonResourceURLs: urls, resources, namespaces }: Rule, path: string): void {
  urls.forEach((url, i) => {
    const at = `${path}.nonResourceURLs[${i}]`;
    if (url !== '*' && !url.startsWith('/')) errors.push(invalid(at, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*'))
      errors.push(invalid(at, url, "non-resource URL wildcards '*' must be the final character of the rule"));
  });
  if (urls.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    errors.push(invalid(`${path}.nonResourceURLs`, urls, 'rules cannot apply to both regular resources and non-resource URLs'));
  }
}

const without = (list: readonly string[], value: string): boolean => list.length > 0 && !list.includes(value);

function matches(rule: Rule, { user, verb, path, resource }: AuditAttributes): boolean {
  if (rule.users.length > 0 && (!user || without(rule.users, user.name))) return false;
  if (rule.userGroups.length > 0 && !user?.groups.some((group) => rule.userGroups.includes(group))) return false;
  if (without(rule.verbs, verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return resource !== undefined && matchesResource(rule, resource);
  if (rule.nonResourceURLs.length > 0) return resource === undefined && rule.nonResourceURLs.some((url) => matchesUrl(url, path));
  return true;
}

const matchesUrl = (url: string, path: string): boolean => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path);

function matchesResource({ namespaces, resources }: Rule, asked: AuditResource): boolean {
  if (without(namespaces, asked.namespace)) return false;
  if (resources.length === 0) return true;
  return resources.some(
    (one) =>
      (one.group === '*' || one.group === asked.group) &&
      (one.resources.length === 0 || (!without(one.resourceNames, asked.name) && one.resources.some((name) => covers(name, asked)))),
  );
}

/** `pods`, `pods/log`, `pods` with its subresources by a slash and a star, any resource's `status` by a star before it, `*`. `pods` alone is without subresources. */
function covers(name: string, { resource, subresource }: AuditResource): boolean {
  if (name === '*' || name === (subresource ? `${resource}/${subresource}` : resource)) return true;
  if (subresource && name === `*/${subresource}`) return true;
  return name === `${resource}/*`;
}
