import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defineResource } from '../../api/define.ts';
import { definitions, registry } from '../../api/index.ts';
import { buildRegistry } from '../../api/registry.ts';
import type { Documentation, JsonSchema } from './definitions.ts';
import { type CompressedDocument, createOpenApi, V2_PROTOBUF_TYPE } from './openapi.ts';

const generated = (name: string) => JSON.parse(readFileSync(new URL(`../../api/schema/generated/${name}.json`, import.meta.url), 'utf8'));
const loadDocumentation = async (): Promise<Documentation> => ({ descriptions: generated('descriptions'), enums: generated('enums') });
const openApi = createOpenApi({ registry: () => registry, loadDocumentation, gitVersion: 'v1.36.2+minik' });

interface Operation {
  operationId: string;
  parameters?: { name?: string; in?: string; $ref?: string }[];
  'x-kubernetes-action': string;
  'x-kubernetes-group-version-kind': object;
}
type Paths = Record<string, Record<string, Operation>>;
interface V2 {
  paths: Paths;
  definitions: Record<string, JsonSchema>;
  parameters: Record<string, object>;
}
interface V3 {
  paths: Paths;
  components: { schemas: Record<string, JsonSchema> };
}

const parse = async <T>(document: Promise<CompressedDocument> | undefined): Promise<T> =>
  JSON.parse(String(await (await document)?.bytes())) as T;

/** Every `$ref` in a document. */
function references(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string') found.add(item);
    else references(item, found);
  }
  return found;
}

describe('OpenAPI 2', () => {
  it('names definitions as upstream does', async () => {
    const { definitions: published } = await parse<V2>(openApi.v2Json());
    for (const name of [
      'io.k8s.api.core.v1.Pod',
      'io.k8s.api.core.v1.PodTemplateSpec',
      'io.k8s.api.core.v1.TopologySelectorTerm',
      'io.k8s.api.autoscaling.v1.Scale',
      'io.k8s.api.autoscaling.v2.MetricSpec',
      'io.k8s.api.events.v1.Event',
      'io.k8s.api.rbac.v1.Subject',
      'io.k8s.api.resource.v1.ResourceClaim',
      'io.k8s.api.admissionregistration.v1.WebhookClientConfig',
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
      'io.k8s.apimachinery.pkg.api.resource.Quantity',
      'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    ]) {
      expect(published, name).toHaveProperty([name]);
    }
  });

  it('has no reference that leads nowhere', async () => {
    const document = await parse<V2>(openApi.v2Json());
    const dangling = [...references(document)].filter((ref) => {
      const [, section = '', name = ''] = ref.split('/');
      return !(name in (section === 'definitions' ? document.definitions : document.parameters));
    });
    expect(dangling).toEqual([]);
  });

  it('carries what kubectl merges and explains by', async () => {
    const { definitions: published } = await parse<V2>(openApi.v2Json());
    const containers = published['io.k8s.api.core.v1.PodSpec']?.properties?.containers;
    expect(containers).toMatchObject({
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(containers?.description).toMatch(/^List of containers belonging to the pod/);
    expect(published['io.k8s.api.core.v1.PodSpec']?.required).toEqual(['containers']);
    expect(published['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind']).toEqual([{ group: '', version: 'v1', kind: 'Pod' }]);
    expect(published['io.k8s.api.core.v1.LabelSelector']).toBeUndefined();
  });

  it('says of every field what upstream says, which is nothing of a few', async () => {
    const { definitions: published } = await parse<V2>(openApi.v2Json());
    const silent = Object.entries(published).flatMap(([name, { properties = {} }]) =>
      Object.entries(properties)
        .filter(([, property]) => !property.description)
        .map(([field]) => `${name.split('.').at(-1)}.${field}`),
    );
    expect(silent.filter((field) => !field.startsWith('Info.') && !field.startsWith('JSONSchemaProps.')).sort()).toEqual([
      'CertificateSigningRequest.metadata',
      'CertificateSigningRequestList.metadata',
      'ExternalDocumentation.description',
      'ExternalDocumentation.url',
      'GroupResource.group',
      'GroupResource.resource',
      'IngressRule.http',
      'WatchEvent.type',
    ]);
    expect(published['io.k8s.api.apps.v1.Deployment']?.properties?.spec?.description).toBe(
      'Specification of the desired behavior of the Deployment.',
    );
    const appProtocol = published['io.k8s.api.core.v1.ServicePort']?.properties?.appProtocol?.description;
    expect(appProtocol, 'lines and markers are kept').toMatch(/either:\n\n\* Un-prefixed/);
  });

  it('lists the values that a field may have', async () => {
    const { definitions: published } = await parse<V2>(openApi.v2Json());
    const { restartPolicy, dnsPolicy } = published['io.k8s.api.core.v1.PodSpec']?.properties ?? {};
    expect(restartPolicy?.enum).toEqual(['Always', 'Never', 'OnFailure']);
    expect(dnsPolicy?.description).toMatch(/^Set DNS policy[\s\S]*\n\nPossible enum values:\n - `"ClusterFirst"` indicates/);
    const accessModes = published['io.k8s.api.core.v1.PersistentVolumeClaimSpec']?.properties?.accessModes;
    expect(accessModes?.items?.enum).toContain('ReadWriteOnce');
    expect(published['io.k8s.api.core.v1.Pod']?.properties?.kind, 'no kind is bound to its own name').not.toHaveProperty('enum');
  });

  it('describes the operations of a kind, with the parameters that kubectl looks for', async () => {
    const { paths } = await parse<V2>(openApi.v2Json());
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch;
    expect(patch).toMatchObject({
      operationId: 'patchAppsV1NamespacedDeployment',
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: 'apps', kind: 'Deployment', version: 'v1' },
    });
    expect(patch?.parameters?.map((parameter) => parameter.$ref ?? parameter.name)).toEqual(
      expect.arrayContaining(['body', '#/parameters/fieldValidation', '#/parameters/dryRun', '#/parameters/force']),
    );
    expect(paths['/api/v1/pods']?.get?.operationId).toBe('listCoreV1PodForAllNamespaces');
    expect(paths['/api/v1/namespaces/{namespace}/pods']?.delete?.operationId).toBe('deleteCoreV1CollectionNamespacedPod');
    expect(paths['/api/v1/namespaces/{namespace}/pods/{name}/exec']?.get).toMatchObject({
      operationId: 'connectCoreV1GetNamespacedPodExec',
      'x-kubernetes-action': 'connect',
    });
    const proxied = paths['/api/v1/namespaces/{namespace}/services/{name}/proxy/{path}'];
    expect(proxied?.head).toMatchObject({ operationId: 'connectCoreV1HeadNamespacedServiceProxyWithPath', produces: ['*/*'] });
    expect(paths['/apis/apps/v1/']?.get?.operationId).toBe('getAppsV1APIResources');
    expect(paths['/apis/apps/v1/watch/deployments']?.get).toMatchObject({
      operationId: 'watchAppsV1DeploymentListForAllNamespaces',
      'x-kubernetes-action': 'watchlist',
      responses: { 200: { schema: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent' } } },
    });
    expect(paths['/api/v1/namespaces/{namespace}/pods/{name}/log']?.parameters).toContainEqual({ $ref: '#/parameters/tailLines' });
    expect(paths['/api/v1/namespaces/{namespace}/pods/{name}/eviction']?.post?.['x-kubernetes-group-version-kind']).toEqual({
      group: 'policy',
      kind: 'Eviction',
      version: 'v1',
    });
  });

  it('publishes the operations that the golden file lists', async () => {
    const { paths } = await parse<V2>(openApi.v2Json());
    const lines = Object.entries(paths).flatMap(([path, item]) => [
      path,
      ...Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => `  ${method} ${operation.operationId} (${operation['x-kubernetes-action']})`),
    ]);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('golden/operations.txt');
  });

  it('gives every operation an id of its own', async () => {
    const { paths } = await parse<V2>(openApi.v2Json());
    const ids = Object.values(paths).flatMap((item) => Object.values(item).flatMap((operation) => operation.operationId ?? []));
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });
});

/** Fields of a protobuf message: number -> the bytes of each occurrence. Varints are skipped. */
function fieldsOf(bytes: Buffer): Map<number, Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) varint();
    else {
      const length = varint();
      const number = Math.floor(tag / 8);
      fields.set(number, [...(fields.get(number) ?? []), bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}
const one = (bytes: Buffer | undefined, ...path: number[]): Buffer | undefined =>
  path.reduce<Buffer | undefined>((inner, field) => inner && fieldsOf(inner).get(field)?.[0], bytes);

describe('OpenAPI 2 as protobuf', () => {
  it('holds the definitions of the JSON document', async () => {
    const document = await openApi.v2Protobuf();
    expect(document.contentType).toBe(V2_PROTOBUF_TYPE);
    const root = fieldsOf(await document.bytes());
    expect(String(root.get(1)?.[0])).toBe('2.0');
    const named = fieldsOf(root.get(9)?.[0] ?? Buffer.alloc(0)).get(1) ?? [];
    const json = await parse<V2>(openApi.v2Json());
    expect(named.map((definition) => String(one(definition, 1)))).toEqual(Object.keys(json.definitions));
  });

  it('says how requests tell who makes them', async () => {
    const root = fieldsOf(await (await openApi.v2Protobuf()).bytes());
    const [required, defined] = [root.get(12)?.[0], root.get(13)?.[0]];
    expect([String(one(required, 1, 1)), String(one(defined, 1, 1))]).toEqual(['BearerToken', 'BearerToken']);
    expect([1, 2, 3].map((field) => String(one(defined, 1, 2, 2, field)))).toEqual(['apiKey', 'authorization', 'header']);
    const { security, securityDefinitions } = await parse<V2 & Record<string, unknown>>(openApi.v2Json());
    expect(security).toEqual([{ BearerToken: [] }]);
    expect(securityDefinitions).toMatchObject({ BearerToken: { name: 'authorization' } });
  });

  it('holds paths, and extensions as YAML', async () => {
    const root = fieldsOf(await (await openApi.v2Protobuf()).bytes());
    const paths = fieldsOf(root.get(8)?.[0] ?? Buffer.alloc(0)).get(2) ?? [];
    const deployment = paths.find((path) => String(one(path, 1)) === '/apis/apps/v1/namespaces/{namespace}/deployments/{name}');
    const patch = one(deployment, 2, 8);
    expect(String(one(patch, 5))).toBe('patchAppsV1NamespacedDeployment');
    const extensions = (patch && fieldsOf(patch).get(13))?.map((extension) => `${one(extension, 1)}=${one(extension, 2, 2)}`);
    expect(extensions).toEqual([
      'x-kubernetes-action="patch"\n',
      'x-kubernetes-group-version-kind={"group":"apps","kind":"Deployment","version":"v1"}\n',
    ]);
  });
});

describe('OpenAPI 3', () => {
  it('indexes every group and version by a hash, and what the server says of itself', async () => {
    const { paths } = await parse<{ paths: Record<string, { serverRelativeURL: string }> }>(openApi.v3Index());
    const groups = registry.groups.filter(({ name }) => name !== '').map(({ name }) => `apis/${name}`);
    const versions = registry.groups.flatMap(({ name, versions }) => versions.map((v) => (name === '' ? `api/${v}` : `apis/${name}/${v}`)));
    const others = ['.well-known/openid-configuration', 'api', 'apis', 'openid/v1/jwks', 'version'];
    expect(Object.keys(paths).sort()).toEqual([...others, ...groups, ...versions].sort());
    expect(paths['apis/apps/v1']?.serverRelativeURL).toBe(`/openapi/v3/apis/apps/v1?hash=${openApi.v3Hash('apis/apps/v1')}`);
    expect(openApi.v3Document('apis/nope/v1')).toBeUndefined();
    expect(openApi.v3Hash('apis/nope/v1')).toBeUndefined();
  });

  it('has no reference that leads nowhere, in any document', async () => {
    const { paths } = await parse<{ paths: object }>(openApi.v3Index());
    for (const path of Object.keys(paths)) {
      const document = await parse<V3>(openApi.v3Document(path));
      const dangling = [...references(document)].filter(
        (ref) => !(ref.replace('#/components/schemas/', '') in document.components.schemas),
      );
      expect(dangling, path).toEqual([]);
    }
  });

  it.each<[string, string, string[]]>([
    ['version', 'getCodeVersion', ['io.k8s.apimachinery.pkg.version.Info']],
    ['openid/v1/jwks', 'getServiceAccountIssuerOpenIDKeyset', []],
    [
      'apis/apps',
      'getAppsAPIGroup',
      ['APIGroup', 'GroupVersionForDiscovery', 'ServerAddressByClientCIDR'].map((kind) => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`),
    ],
  ])('has a document about %s, with what it answers and how to say who asks', async (path, operationId, schemas) => {
    const { paths, components } = await parse<V3 & { components: { securitySchemes: object } }>(openApi.v3Document(path));
    expect(paths).toEqual({ [`/${path}/`]: { get: expect.objectContaining({ operationId }) } });
    expect(Object.keys(components.schemas)).toEqual(schemas);
    expect(components.securitySchemes).toMatchObject({ BearerToken: { type: 'apiKey', in: 'header' } });
  });

  it('keeps descriptions beside references, and offers the query parameters of patches', async () => {
    const { paths, components } = await parse<V3>(openApi.v3Document('api/v1'));
    const spec = components.schemas['io.k8s.api.core.v1.Pod']?.properties?.spec;
    expect(spec).toEqual({
      description: expect.stringMatching(/^Specification of the desired behavior of the pod/),
      default: {},
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSpec' }],
    });
    const created = components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']?.properties?.creationTimestamp;
    expect(created).toMatchObject({ allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Time' }] });
    expect(created?.description).toMatch(/^CreationTimestamp is a timestamp/);
    const patch = paths['/api/v1/namespaces/{namespace}/pods/{name}']?.patch;
    expect(patch?.parameters).toContainEqual(expect.objectContaining({ name: 'fieldValidation', in: 'query' }));
    expect(patch?.parameters).toContainEqual(expect.objectContaining({ name: 'dryRun', in: 'query' }));
  });

  it('has the defaults that upstream derives from its types', async () => {
    const { components } = await parse<V3>(openApi.v3Document('apis/apps/v1'));
    const defaultsOf = (name: string) =>
      Object.fromEntries(
        Object.entries(components.schemas[name]?.properties ?? {}).flatMap(([field, property]) =>
          'default' in property ? [[field, property.default]] : [],
        ),
      );
    expect(defaultsOf('io.k8s.api.apps.v1.DeploymentSpec'), 'a selector is a pointer').toEqual({ strategy: {}, template: {} });
    expect(defaultsOf('io.k8s.api.apps.v1.ReplicaSetStatus')).toEqual({ replicas: 0 });
    expect(defaultsOf('io.k8s.api.core.v1.ContainerPort')).toEqual({ containerPort: 0, protocol: 'TCP' });
    expect(defaultsOf('io.k8s.api.core.v1.RBDVolumeSource')).toEqual({
      image: '',
      keyring: '/etc/ceph/keyring',
      pool: 'rbd',
      user: 'admin',
    });
    expect(defaultsOf('io.k8s.api.core.v1.Affinity')).toEqual({});
    const { definitions: inV2 } = await parse<V2>(openApi.v2Json());
    expect(inV2['io.k8s.api.core.v1.ContainerPort']?.properties?.protocol, 'OpenAPI 2 has none').not.toHaveProperty('default');
  });

  it('holds nothing that its group does not use, and says so of options and events', async () => {
    const { components } = await parse<V3>(openApi.v3Document('apis/authentication.k8s.io/v1'));
    expect(Object.keys(components.schemas).filter((name) => !name.includes('authentication'))).toEqual(
      ['APIResource', 'APIResourceList', 'FieldsV1', 'ManagedFieldsEntry', 'ObjectMeta', 'OwnerReference', 'Time'].map(
        (name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`,
      ),
    );
    const { components: apps } = await parse<V3>(openApi.v3Document('apis/apps/v1'));
    expect(apps.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']?.['x-kubernetes-group-version-kind']).toEqual([
      { group: '', version: 'v1', kind: 'DeleteOptions' },
      { group: 'apps', version: 'v1', kind: 'DeleteOptions' },
    ]);
  });

  it('marks the fields of which one counts', async () => {
    const { components } = await parse<V3>(openApi.v3Document('apis/apps/v1'));
    expect(components.schemas['io.k8s.api.core.v1.SeccompProfile']?.['x-kubernetes-unions']).toEqual([
      { discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } },
    ]);
  });

  it('publishes kinds without a schema, under a hash and a document of their own', async () => {
    const widgets = defineResource({
      group: 'example.com',
      version: 'v1',
      kind: 'Widget',
      plural: 'widgets',
      scope: 'Namespaced',
      schema: 'example.com/v1/Widget',
    });
    let current = registry;
    const changing = createOpenApi({ registry: () => current, loadDocumentation, gitVersion: 'v1.36.2' });
    const before = changing.v3Hash('apis/apps/v1');
    current = buildRegistry([...definitions, widgets]);
    const { components } = await parse<V3>(changing.v3Document('apis/example.com/v1'));
    expect(components.schemas['com.example.v1.Widget']).toMatchObject({
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    });
    expect(changing.v3Hash('apis/apps/v1')).toBe(before);
  });
});

describe('OpenAPI documents', () => {
  it('are built once and kept compressed', async () => {
    let loads = 0;
    const counting = createOpenApi({
      registry: () => registry,
      loadDocumentation: async () => {
        loads++;
        return { descriptions: {}, enums: {} };
      },
      gitVersion: 'v1.36.2',
    });
    const [first, second] = await Promise.all([counting.v3Document('api/v1'), counting.v3Document('api/v1')]);
    expect(first).toBe(second);
    expect(loads).toBe(1);
    expect(first?.etag).toMatch(/^"[0-9A-F]{64}"$/);
    expect((await first?.bytes())?.length).toBeGreaterThan(5 * (first?.gzip.length ?? Number.MAX_VALUE));
  });

  it('are built again after a failure', async () => {
    let fails = true;
    const flaky = createOpenApi({
      registry: () => registry,
      loadDocumentation: async () => {
        if (fails) throw new Error('no such asset');
        return { descriptions: {}, enums: {} };
      },
      gitVersion: 'v1.36.2',
    });
    await expect(flaky.v2Json()).rejects.toThrow('no such asset');
    fails = false;
    await expect(flaky.v2Json()).resolves.toMatchObject({ contentType: 'application/json' });
  });
});
