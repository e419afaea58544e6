import type { CustomResourceDefinition, JSONSchemaProps, ValidationRule } from '../../api/schema/generated/types.ts';

const text = (maxLength: number, more: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'string', minLength: 1, maxLength, ...more });
const object = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
});
const list = (items: JSONSchemaProps, maxItems: number, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'array',
  items,
  maxItems,
  ...more,
});
const keyed = (items: JSONSchemaProps, maxItems: number, ...keys: string[]): JSONSchemaProps =>
  list(items, maxItems, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
const ruled = (...rules: [string, string][]): JSONSchemaProps => ({
  'x-kubernetes-validations': rules.map(([rule, message]): ValidationRule => ({ rule, message })),
});

const HOST = '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
const HEADER_NAME = "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$";
const port: JSONSchemaProps = { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 };

const reference = (kind: string): Record<string, JSONSchemaProps> => ({
  group: { type: 'string', maxLength: 253, default: kind === 'Service' ? '' : 'gateway.example.com' },
  kind: text(63, { default: kind, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' }),
  name: text(253),
  namespace: text(63, { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' }),
});

const header = object({ name: text(256, { pattern: HEADER_NAME }), value: text(4096) }, { required: ['name', 'value'] });
const matcher = object(
  { ...header.properties, type: { type: 'string', enum: ['Exact', 'RegularExpression'], default: 'Exact' } },
  { required: ['name', 'value'] },
);

const path = object(
  {
    type: { type: 'string', enum: ['Exact', 'PathPrefix', 'RegularExpression'], default: 'PathPrefix' },
    value: { type: 'string', maxLength: 1024, default: '/' },
  },
  {
    default: { type: 'PathPrefix', value: '/' },
    ...ruled(
      ["(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true", "value must be an absolute path and start with '/'"],
      ["(self.type in ['Exact','PathPrefix']) ? !self.value.contains('//') : true", "must not contain '//'"],
      ["(self.type in ['Exact','PathPrefix']) ? !self.value.contains('/./') : true", "must not contain '/./'"],
      ["(self.type in ['Exact','PathPrefix']) ? !self.value.endsWith('/..') : true", "cannot end with '/..'"],
    ),
  },
);

const headerChange = object({
  set: keyed(header, 16, 'name'),
  add: keyed(header, 16, 'name'),
  remove: list({ type: 'string' }, 16, { 'x-kubernetes-list-type': 'set' }),
});
const FILTERS = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'RequestRedirect'] as const;
const fieldOf = (type: string) => type.charAt(0).toLowerCase() + type.slice(1);

const filter = object(
  {
    type: { type: 'string', enum: [...FILTERS] },
    requestHeaderModifier: headerChange,
    responseHeaderModifier: headerChange,
    requestMirror: object({ backendRef: object({ ...reference('Service'), port }, { required: ['name'] }) }, { required: ['backendRef'] }),
    requestRedirect: object({
      scheme: { type: 'string', enum: ['http', 'https'] },
      hostname: text(253, { pattern: HOST }),
      port,
      statusCode: { type: 'integer', enum: [301, 302], default: 302 },
    }),
  },
  {
    required: ['type'],
    ...ruled(
      ...FILTERS.flatMap((type): [string, string][] => [
        [
          `!(has(self.${fieldOf(type)}) && self.type != '${type}')`,
          `filter.${fieldOf(type)} must be nil if the filter.type is not ${type}`,
        ],
        [`!(!has(self.${fieldOf(type)}) && self.type == '${type}')`, `filter.${fieldOf(type)} must be specified for ${type} filter.type`],
      ]),
    ),
  },
);

const backend = object(
  {
    ...reference('Service'),
    port,
    weight: { type: 'integer', format: 'int32', minimum: 0, maximum: 1_000_000, default: 1 },
    filters: list(filter, 16),
  },
  {
    required: ['name'],
    ...ruled(["(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true", 'Must have port for Service reference']),
  },
);

const duration: JSONSchemaProps = { type: 'string', pattern: '^([0-9]{1,5}(h|m|s|ms)){1,4}$' };
const rule = object(
  {
    name: text(253),
    matches: list(
      object({
        path,
        headers: keyed(matcher, 16, 'name'),
        queryParams: keyed(matcher, 16, 'name'),
        method: { type: 'string', enum: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] },
      }),
      64,
      { default: [{ path: { type: 'PathPrefix', value: '/' } }] },
    ),
    filters: list(
      filter,
      16,
      ruled(["self.filter(f, f.type == 'RequestRedirect').size() <= 1", 'RequestRedirect filter cannot be repeated']),
    ),
    backendRefs: list(backend, 16),
    timeouts: object(
      { request: duration, backendRequest: duration },
      ruled([
        "!(has(self.request) && has(self.backendRequest) && duration(self.request) != duration('0s') && duration(self.backendRequest) > duration(self.request))",
        'backendRequest timeout cannot be longer than request timeout',
      ]),
    ),
  },
  ruled([
    '(has(self.backendRefs) && size(self.backendRefs) > 0) ? (!has(self.filters) || self.filters.all(f, !has(f.requestRedirect))) : true',
    'RequestRedirect filter must not be used together with backendRefs',
  ]),
);

const condition = object(
  {
    type: text(316),
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: text(1024),
    message: { type: 'string', maxLength: 32768 },
    observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
    lastTransitionTime: { type: 'string', format: 'date-time' },
  },
  { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
);
const parent = object({ ...reference('Gateway'), sectionName: text(253), port }, { required: ['name'] });

/** Routes of the size and the ways of those of the Gateway API, for tests; a new object each time. */
export function routes(): CustomResourceDefinition {
  const spec = object({
    parentRefs: list(
      parent,
      32,
      ruled([
        'self.all(p1, self.exists_one(p2, p1.name == p2.name && p1.kind == p2.kind && (has(p1.sectionName) == has(p2.sectionName)) && (!has(p1.sectionName) || p1.sectionName == p2.sectionName)))',
        'sectionName must be unique when parentRefs includes 2 or more references to the same parent',
      ]),
    ),
    hostnames: list(text(253, { pattern: HOST }), 16),
    rules: list(
      rule,
      16,
      ruled([
        '(self.size() > 0 ? (has(self[0].matches) ? self[0].matches.size() : 0) : 0) + (self.size() > 1 ? (has(self[1].matches) ? self[1].matches.size() : 0) : 0) <= 128',
        'While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route must be less than 128',
      ]),
    ),
  });
  const status = object(
    {
      parents: list(
        object(
          { parentRef: parent, controllerName: text(253), conditions: keyed(condition, 8, 'type') },
          { required: ['parentRef', 'controllerName'] },
        ),
        32,
      ),
    },
    { required: ['parents'] },
  );
  return structuredClone<CustomResourceDefinition>({
    metadata: { name: 'routes.gateway.example.com' },
    spec: {
      group: 'gateway.example.com',
      scope: 'Namespaced',
      names: { plural: 'routes', singular: 'route', kind: 'Route', categories: ['gateway-api'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            { name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' },
            { name: 'Accepted', type: 'string', jsonPath: '.status.parents[0].conditions[?(@.type=="Accepted")].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: { openAPIV3Schema: object({ spec, status }, { required: ['spec'] }) },
        },
      ],
    },
  });
}
