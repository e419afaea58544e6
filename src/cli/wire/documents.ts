import { CLUSTER_FACTS_PATH, type ClusterFacts } from '../../agent/join/cluster-facts.ts';
import type { LiveRegistry } from '../../api/live-registry.ts';
import { mergedDiscovery } from '../../server/aggregation/merged-discovery.ts';
import { createDiscovery } from '../../server/discovery/discovery.ts';
import { entityTag, jsonDocument } from '../../server/discovery/document.ts';
import { versionDocument } from '../../server/discovery/version.ts';
import type { AppOptions } from '../../server/http/app.ts';
import type { Documentation } from '../../server/openapi/definitions.ts';
import { createOpenApi, V2_PROTOBUF_TYPE } from '../../server/openapi/openapi.ts';
import type { Pki } from '../../server/pki/pki.ts';
import type { Trust } from '../../server/trust.ts';
import { type AssetName, readAsset } from '../assets.ts';
import { GIT_VERSION } from '../version.ts';
import type { Aggregation } from './aggregation.ts';

type Find = AppOptions['documents'][number];

const CONTENT_TYPES: Readonly<Record<string, string>> = { '/openid/v1/jwks': 'application/jwk-set+json' };

const OPENAPI_V3 = '/openapi/v3/';

const readJson = (name: AssetName) => JSON.parse(readAsset(name).toString('utf8'));
const loadDocumentation = async (): Promise<Documentation> => ({
  descriptions: readJson('descriptions.json'),
  enums: readJson('enums.json'),
});

/** Half a megabyte of texts is read for the few that tables show. */
export async function fieldTexts(fields: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { descriptions } = await loadDocumentation();
  const found = fields.map((path) => {
    const [schema = '', field = ''] = path.split('.');
    return [path, descriptions[schema]?.[field] ?? ''] as const;
  });
  return new Map(found.filter(([, text]) => text));
}

function openApiDocuments(registry: LiveRegistry, aggregation: Aggregation): Find {
  const openApi = createOpenApi({
    registry: () => registry.current(),
    gitVersion: GIT_VERSION,
    loadDocumentation,
  });
  const isProtobuf = (accept = '') =>
    accept.includes(V2_PROTOBUF_TYPE) || accept.includes('com.github.proto-openapi.spec.v2@v1.0+protobuf');
  return (path, accept, query) => {
    if (path === '/openapi/v2') {
      const form = isProtobuf(accept) ? 'protobuf' : 'json';
      return aggregation.openApi.v2(() => openApi.v2Json(), form) ?? (form === 'json' ? openApi.v2Json() : openApi.v2Protobuf());
    }
    if (path === '/openapi/v3') return aggregation.openApi.index(() => openApi.v3Index()) ?? openApi.v3Index();
    if (!path.startsWith(OPENAPI_V3)) return undefined;
    const name = path.slice(OPENAPI_V3.length);
    const foreign = aggregation.openApi.document(name);
    if (foreign) return foreign;
    const [asked, hash] = [query.get('hash'), openApi.v3Hash(name)];
    if (asked && hash && asked !== hash) return Promise.resolve({ location: `${path}?hash=${hash}` });
    return openApi.v3Document(name);
  };
}

/** Everything that is served besides resources, health and metrics: discovery, OpenAPI, /version, key sets, the cluster's CA. */
export function documents(options: {
  definitions: LiveRegistry;
  pki: Pick<Pki, 'caPem'>;
  trust: Pick<Trust, 'documents'>;
  cluster: ClusterFacts;
  serverAddress: string;
  aggregation: Aggregation;
}): Find[] {
  const { aggregation, serverAddress } = options;
  const own = createDiscovery({ registry: () => options.definitions.current(), serverAddress });
  const discovery = mergedDiscovery(own, aggregation.servers, aggregation.remote);
  const platform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const version = versionDocument({ gitVersion: GIT_VERSION, gitCommit: '', buildDate: '', platform });
  const ca = { bytes: Buffer.from(options.pki.caPem), etag: entityTag(options.pki.caPem), contentType: 'application/x-pem-file' };
  const fixed = { ...options.trust.documents, [CLUSTER_FACTS_PATH]: options.cluster };
  const named = new Map(
    Object.entries(fixed).map(([path, content]) => [path, jsonDocument(content, { contentType: CONTENT_TYPES[path] })]),
  );
  named.set('/version', version);
  return [
    (path) => (path === '/cacerts' ? ca : named.get(path.replace(/\/$/, ''))),
    (path, accept) => discovery.find(path, accept),
    openApiDocuments(options.definitions, aggregation),
  ];
}
