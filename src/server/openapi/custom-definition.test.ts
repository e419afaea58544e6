import { describe, expect, it } from 'vitest';
import { definitionsOf } from '../../api/apiextensions/custom-resource.ts';
import { registry } from '../../api/index.ts';
import { liveRegistry } from '../../api/live-registry.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import { cronTabs } from '../crd/fake-crds.ts';
import type { JsonSchema } from './definitions.ts';
import { type CompressedDocument, createOpenApi } from './openapi.ts';

function served(crd: CustomResourceDefinition) {
  crd.status = { conditions: [{ type: 'Established', status: 'True' }] };
  return definitionsOf(crd);
}

interface Operation {
  readonly consumes?: readonly string[];
  readonly produces?: readonly string[];
  readonly parameters?: readonly { readonly name?: string }[];
  readonly responses?: object;
}
type Document = Record<'definitions', Record<string, JsonSchema>> & {
  readonly components: { readonly schemas: Record<string, JsonSchema> };
  readonly paths: Record<string, Record<string, Operation>>;
};
const parse = async (document: Promise<CompressedDocument> | undefined): Promise<Document> =>
  JSON.parse(String(await (await document)?.bytes())) as Document;

const live = liveRegistry(registry);
const descriptions = { ConfigMap: { kind: 'Kind is a string.', apiVersion: 'APIVersion defines.' } };
const loadDocumentation = async () => ({ descriptions, enums: {} });
const openApi = createOpenApi({ registry: () => live.current(), loadDocumentation, gitVersion: 'v1.36.2' });

describe('a custom kind in OpenAPI', () => {
  it('has a document of its own as long as it is served', async () => {
    expect(openApi.v3Document('apis/stable.example.com/v1')).toBeUndefined();
    live.serve(served(cronTabs()));
    const { components, paths } = await parse(openApi.v3Document('apis/stable.example.com/v1'));
    const tab = components.schemas['com.example.stable.v1.CronTab'];
    expect(tab?.['x-kubernetes-group-version-kind']).toEqual([{ group: 'stable.example.com', version: 'v1', kind: 'CronTab' }]);
    expect(tab?.properties?.kind).toEqual({ type: 'string', description: 'Kind is a string.' });
    expect(tab?.properties?.metadata?.allOf).toEqual([{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }]);
    expect(tab?.properties?.spec?.properties?.replicas).toEqual({ type: 'integer', minimum: 1, maximum: 10, default: 1 });
    const list = components.schemas['com.example.stable.v1.CronTabList'];
    expect(list?.properties?.items?.items).toEqual({ $ref: '#/components/schemas/com.example.stable.v1.CronTab' });
    expect(components.schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']?.type).toBe('object');
    expect(Object.keys(paths)).toContain('/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}/status');
    live.serve([]);
    expect(openApi.v3Document('apis/stable.example.com/v1')).toBeUndefined();
  });

  it('is told as upstream tells it: JSON and YAML, and no paths of discovery or old watches', async () => {
    live.serve(served(cronTabs()));
    const document = await parse(openApi.v2Json());
    const root = '/apis/stable.example.com/v1';
    const one = `${root}/namespaces/{namespace}/crontabs/{name}`;
    const own = Object.keys(document.paths).filter((path) => path.startsWith(root));
    const all = [`${root}/crontabs`, `${root}/namespaces/{namespace}/crontabs`, one, `${one}/scale`, `${one}/status`];
    expect(own.sort()).toEqual(all.sort());
    const types = ['application/json', 'application/yaml'];
    const collection = document.paths[`${root}/namespaces/{namespace}/crontabs`];
    expect(collection?.post).toMatchObject({ consumes: types, produces: types });
    expect(collection?.get).toMatchObject({ produces: types });
    expect(collection?.delete?.parameters?.some((parameter) => parameter.name === 'body')).toBe(false);
    expect(Object.keys(document.paths[one]?.patch?.responses ?? {})).toEqual(['200', '401']);
  });

  it('changes its hash with its schema and no other’s', () => {
    live.serve(served(cronTabs()));
    const [before, pods] = [openApi.v3Hash('apis/stable.example.com/v1'), openApi.v3Hash('api/v1')];
    const changed = cronTabs();
    const schema = changed.spec.versions[0]?.schema?.openAPIV3Schema;
    if (schema) schema.description = 'A tab.';
    live.serve(served(changed));
    expect(openApi.v3Hash('apis/stable.example.com/v1')).not.toBe(before);
    expect(openApi.v3Hash('api/v1')).toBe(pods);
  });

  it('may allow anything, at its root and below', async () => {
    const crd = cronTabs();
    const [version] = crd.spec.versions;
    if (version) version.schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    live.serve(served(crd));
    const { components } = await parse(openApi.v3Document('apis/stable.example.com/v1'));
    expect(components.schemas['com.example.stable.v1.CronTab']?.['x-kubernetes-preserve-unknown-fields']).toBe(true);
    expect((await parse(openApi.v2Json())).definitions['com.example.stable.v1.CronTab']).toEqual({
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: 'stable.example.com', version: 'v1', kind: 'CronTab' }],
    });
  });

  it('is in OpenAPI 2 without what that cannot say, and offers no protobuf and no strategic merge', async () => {
    const crd = cronTabs();
    const spec = crd.spec.versions[0]?.schema?.openAPIV3Schema?.properties?.spec;
    if (!spec?.properties) throw new Error('no schema');
    spec.properties.either = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
    spec.properties.maybe = { type: 'string', nullable: true };
    live.serve(served(crd));
    const { definitions, paths } = await parse(openApi.v2Json());
    const properties = definitions['com.example.stable.v1.CronTab']?.properties?.spec?.properties;
    expect(properties?.either).toEqual({ 'x-kubernetes-int-or-string': true });
    expect(properties?.maybe).toEqual({});
    const item = paths['/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}'];
    expect(item?.get?.produces).toEqual(['application/json', 'application/yaml']);
    expect(item?.patch?.consumes).toEqual(['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']);
    expect((await openApi.v2Protobuf()).gzip.length).toBeGreaterThan(1000);
  });
});
