import { Agent } from 'node:https';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { type Call, type FakeServer, serve } from './fake-server.ts';

/** Whatever comes in at the HTTP door, the answer is a success or a Status of the client's fault; the server neither fails nor ends. */
let fake: FakeServer;
const agent = new Agent({ keepAlive: true });
beforeAll(async () => {
  fake = await serve({ admission: undefined });
  await fake.call('/api/v1/namespaces', json('POST', { metadata: { name: 'default' } }));
  await fake.call(PODS, json('POST', POD));
  await fake.call(MAPS, json('POST', MAP));
  await fake.call('/apis/apps/v1/namespaces/default/deployments', json('POST', DEPLOYMENT));
});
afterAll(async () => {
  agent.destroy();
  await fake.stop();
});

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { x: 'y' } }, data: { k: 'v' } };
const CONTAINERS = [
  { name: 'c', image: 'i', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 'b' }], resources: { limits: { cpu: '1' } } },
];
const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { x: 'y' } }, spec: { containers: CONTAINERS } };
const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { x: 'y' } },
    template: { metadata: { labels: { x: 'y' } }, spec: { containers: CONTAINERS } },
  },
};
const json = (method: string, body: unknown): Call => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const RUN = { numRuns: 300, interruptAfterTimeLimit: 3_000 };
const TEST_MS = 30_000;

async function isAnswered(path: string, call: Call): Promise<void> {
  const { code, text } = await fake.call(path, { ...call, agent });
  if (code >= 200 && code < 400) return;
  expect({ code, text: text.slice(0, 300) }).toMatchObject({ code: expect.toSatisfy((value: number) => value >= 400 && value < 500) });
  expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure', code });
}

const holds = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => Promise<void>) => fc.assert(fc.asyncProperty(arbitrary, check), RUN);

/** A known document with a part replaced by anything: closer to what decoders take than noise is. */
const spoilt = (document: object): fc.Arbitrary<unknown> => {
  const places: string[][] = [];
  const walk = (value: unknown, at: string[]) => {
    places.push(at);
    if (typeof value === 'object' && value !== null) for (const [key, part] of Object.entries(value)) walk(part, [...at, key]);
  };
  walk(document, []);
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, -1, 1e300, 2 ** 63, '', '__proto__', {}, [], [null], { '': null }, { __proto__: 1 }),
  );
  return fc.tuple(fc.constantFrom(...places), anything, fc.boolean()).map(([place, value, adds]) => {
    const copy = structuredClone(document) as Record<string, unknown>;
    if (place.length === 0) return value;
    let holder = copy;
    for (const key of place.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
    holder[adds ? `${place.at(-1)}x` : (place.at(-1) ?? '')] = value;
    return copy;
  });
};

const bodies = fc.oneof(spoilt(POD), spoilt(MAP), spoilt(DEPLOYMENT), fc.jsonValue());
const collections = fc.constantFrom(
  MAPS,
  PODS,
  '/apis/apps/v1/namespaces/default/deployments',
  '/api/v1/namespaces',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
);
const objects = fc.constantFrom(
  `${MAPS}/a`,
  `${PODS}/p`,
  `${PODS}/p/status`,
  '/apis/apps/v1/namespaces/default/deployments/d',
  '/apis/apps/v1/namespaces/default/deployments/d/scale',
);
const cut = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 }), fc.boolean());
const damaged = (bytes: Uint8Array, [at, value, truncates]: [number, number, boolean]): Uint8Array => {
  const place = Math.floor(at * bytes.length);
  if (truncates) return bytes.subarray(0, place);
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[Math.min(place, copy.length - 1)] = value;
  return copy;
};

describe('any body', () => {
  it(
    'of JSON',
    () =>
      holds(fc.tuple(collections, bodies, fc.constantFrom('POST', 'DELETE')), ([path, body, method]) =>
        isAnswered(path, json(method, body)),
      ),
    TEST_MS,
  );

  it(
    'of JSON that replaces an object',
    () => holds(fc.tuple(objects, bodies), ([path, body]) => isAnswered(path, json('PUT', body))),
    TEST_MS,
  );

  it(
    'of damaged JSON, and of text that is none',
    () =>
      holds(
        fc.tuple(
          collections,
          fc.oneof(
            bodies.map((body) => JSON.stringify(body) ?? ''),
            fc.string({ unit: 'binary' }),
          ),
          cut,
        ),
        ([path, text, how]) => isAnswered(path, { ...json('POST', {}), body: damaged(Buffer.from(text), how) }),
      ),
    TEST_MS,
  );

  it(
    'of YAML',
    () => {
      const words = fc.constantFrom(
        'a',
        'metadata',
        'name',
        ': ',
        '- ',
        '\n',
        '  ',
        '&a ',
        '*a',
        '<<: *a',
        '{',
        '}',
        '[',
        ']',
        '|',
        '>',
        '!!binary x',
        '!!set',
        '? ',
        '"',
        "'",
        '---\n',
        '%TAG',
        '0x1',
        '.nan',
        '~',
      );
      const text = fc.oneof(
        fc.array(words, { maxLength: 40 }).map((parts) => parts.join('')),
        fc.string({ unit: 'binary' }),
        bodies.map((body) => JSON.stringify(body) ?? ''),
      );
      return holds(fc.tuple(collections, text), ([path, body]) =>
        isAnswered(path, { method: 'POST', headers: { 'content-type': 'application/yaml' }, body }),
      );
    },
    TEST_MS,
  );

  it(
    'of protobuf',
    () => {
      const known = [POD, MAP, DEPLOYMENT].map((object) => Buffer.from(encodeProtobuf(object)));
      const bytes = fc.oneof(
        fc
          .tuple(fc.constantFrom(...known), fc.array(cut, { minLength: 1, maxLength: 4 }))
          .map(([from, cuts]) => cuts.reduce<Uint8Array>((all, how) => damaged(all, how), from)),
        fc.uint8Array().map((noise) => Buffer.concat([Buffer.from('k8s\0'), noise])),
        fc.uint8Array().map((noise) => Buffer.from(noise)),
      );
      return holds(fc.tuple(collections, bytes), ([path, body]) =>
        isAnswered(path, { method: 'POST', headers: { 'content-type': PROTOBUF }, body }),
      );
    },
    TEST_MS,
  );

  it(
    'of any media type',
    () =>
      holds(fc.tuple(collections, fc.stringMatching(/^[ -~]{0,30}$/), fc.jsonValue()), ([path, type, body]) =>
        isAnswered(path, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) ?? '' }),
      ),
    TEST_MS,
  );
});

const OWN_FAILURES = [
  'failed to create typed patch object',
  'unknown patch type: ',
  'does not contain declared merge key: ',
  'list element types are not identical',
  'merging lists cannot yet be specified in the patch',
];

describe('any patch', () => {
  const pointer = fc.oneof(
    fc.constantFrom(
      '',
      '/',
      '/metadata/name',
      '/metadata/labels/x',
      '/spec/containers/0',
      '/spec/containers/-',
      '/data',
      '/data/~2',
      '/__proto__/x',
      '/kind',
    ),
    fc.string(),
  );
  const operation = fc.record(
    {
      op: fc.oneof(fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), fc.string()),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    },
    { requiredKeys: ['op'] },
  );
  const directives = fc.constantFrom(
    { $patch: 'replace' },
    { $patch: 'delete' },
    { $retainKeys: ['x'] },
    { '$deleteFromPrimitiveList/x': [1] },
    { $patch: 1 },
    { '$setElementOrder/containers': [{}] },
  );
  const strategic = fc.oneof(
    bodies,
    directives,
    directives.map((directive) => ({ spec: directive, metadata: directive })),
    directives.map((directive) => ({ spec: { containers: [directive, { name: 'c', ...directive }] } })),
  );
  const patches = fc.oneof(
    fc.tuple(fc.constant('application/json-patch+json'), fc.oneof(fc.array(operation, { maxLength: 5 }), fc.jsonValue())),
    fc.tuple(fc.constant('application/merge-patch+json'), bodies),
    fc.tuple(fc.constant('application/strategic-merge-patch+json'), strategic),
    fc.tuple(fc.constant('application/apply-patch+yaml'), bodies),
  );
  it(
    'of any type',
    () =>
      holds(fc.tuple(objects, patches, fc.boolean()), async ([path, [type, patch], isDry]) => {
        const query = type.includes('apply') ? 'fieldManager=fuzz&force=true' : 'fieldManager=fuzz';
        const { code, text } = await fake.call(`${path}?${query}${isDry ? '&dryRun=All' : ''}`, {
          method: 'PATCH',
          headers: { 'content-type': type },
          body: JSON.stringify(patch) ?? '',
          agent,
        });
        // Upstream's own words and code for what does not fit the schema, and for what its merges make nothing of.
        if (code < 400 || OWN_FAILURES.some((words) => text.includes(words))) return;
        expect({ code, text: text.slice(0, 300) }).toMatchObject({ code: expect.toSatisfy((value: number) => value < 500) });
      }),
    TEST_MS,
  );
});

describe('any question', () => {
  const selector = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom('a', '=', '==', '!=', '!', ' in ', ' notin ', '(', ')', ',', 'metadata.name', 'spec.nodeName', ' ', '>', '1', '\\'),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );
  const token = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url')),
    fc
      .record({ v: fc.constant('meta.k8s.io/v1'), rv: fc.oneof(fc.integer(), fc.string()), start: fc.string() })
      .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
  );
  const option = fc.oneof(
    fc.tuple(fc.constantFrom('labelSelector', 'fieldSelector'), selector),
    fc.tuple(fc.constant('continue'), token),
    fc.tuple(
      fc.constantFrom('limit', 'resourceVersion', 'timeoutSeconds', 'gracePeriodSeconds', 'timeout'),
      fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('0', '-1', '9'.repeat(20))),
    ),
    fc.tuple(
      fc.constantFrom(
        'resourceVersionMatch',
        'dryRun',
        'fieldValidation',
        'fieldManager',
        'pretty',
        'propagationPolicy',
        'includeObject',
        'sendInitialEvents',
        'force',
      ),
      fc.oneof(fc.string(), fc.constantFrom('Exact', 'NotOlderThan', 'All', 'Strict', 'true', 'Table')),
    ),
  );
  const accept = fc.constantFrom(
    '*/*',
    'application/json',
    PROTOBUF,
    'application/json;as=Table;v=v1;g=meta.k8s.io',
    'application/yaml',
    'text/html',
    ';;;',
    'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  );
  const query = fc.array(option, { maxLength: 4 }).map((pairs) => new URLSearchParams(pairs).toString());

  it(
    'by options, selectors and continue tokens',
    () =>
      holds(fc.tuple(fc.oneof(collections, objects), query, accept), async ([path, text, type]) => {
        // A revision that is still to come is answered 504, as upstream does.
        if (/resourceVersion=[^&]/.test(text)) return;
        const { code, text: answer } = await fake.call(`${path}?${text}`, { headers: { accept: type }, agent });
        expect({ code, answer: code < 500 ? '' : answer.slice(0, 300) }).toMatchObject({
          code: expect.toSatisfy((value: number) => value < 500),
        });
      }),
    TEST_MS,
  );

  it(
    'by paths',
    () => {
      const step = fc.oneof(
        fc.constantFrom(
          'api',
          'apis',
          'v1',
          'apps',
          'namespaces',
          'default',
          'pods',
          'deployments',
          'p',
          'status',
          'scale',
          'watch',
          'log',
          'proxy',
          'binding',
          '..',
          '.',
          '%2e%2e',
          '%',
          '%ff',
          '%00',
          '',
          'openapi',
          'v3',
          '~',
          '__proto__',
          'constructor',
        ),
        fc.webPath(),
      );
      const path = fc.array(step, { maxLength: 8 }).map((steps) => `/${steps.join('/')}`);
      return holds(fc.tuple(path, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')), async ([at, method]) => {
        // A watch does not end by itself; log and proxy would have to reach a kubelet.
        if (/\/(watch|log|proxy)(\/|$)/.test(at)) return;
        const { code, text } = await fake.call(at, { method, agent });
        expect({ code, text: code < 500 ? '' : text.slice(0, 300) }).toMatchObject({
          code: expect.toSatisfy((value: number) => value < 500),
        });
      });
    },
    TEST_MS,
  );
});
