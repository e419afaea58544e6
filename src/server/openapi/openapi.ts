import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { Registry } from '../../api/registry.ts';
import { schemasFingerprint } from '../../api/schema/index.ts';
import { entityTag } from '../discovery/document.ts';
import type { Documentation } from './definitions.ts';
import { encodeDocumentV2 } from './protobuf-v2.ts';
import { serverPaths } from './server-paths.ts';
import { documentV2 } from './v2.ts';
import { documentV3, serverDocumentV3 } from './v3.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

export const V2_PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** A document kept compressed: it is megabytes of text that few clients ask for, and those that do take gzip. */
export interface CompressedDocument {
  readonly gzip: Buffer;
  /** For clients that do not accept gzip. */
  bytes(): Promise<Buffer>;
  /** Quoted, as the header carries it. */
  readonly etag: string;
  readonly contentType: string;
}

export interface OpenApiOptions {
  /** What is served now; see DiscoveryOptions. */
  readonly registry: () => Registry;
  readonly loadDocumentation: () => Promise<Documentation>;
  /** `v1.36.2+minik`. */
  readonly gitVersion: string;
}

/** Every document is built at the first request for it and kept until the registry changes. */
export interface OpenApi {
  /** /openapi/v2 for `application/json`. */
  v2Json(): Promise<CompressedDocument>;
  /** /openapi/v2 for `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`. */
  v2Protobuf(): Promise<CompressedDocument>;
  /** /openapi/v3 */
  v3Index(): Promise<CompressedDocument>;
  /** `path` as the index names it: `api/v1`, `apis/apps/v1`. undefined when nothing is served there. */
  v3Document(path: string): Promise<CompressedDocument> | undefined;
  /** The hash that the index gives for the path: a request with another one is redirected. */
  v3Hash(path: string): string | undefined;
}

export function createOpenApi(options: OpenApiOptions): OpenApi {
  const perRegistry = new WeakMap<Registry, DocumentCache>();
  const current = () => {
    const registry = options.registry();
    const cache = perRegistry.get(registry) ?? new DocumentCache(registry, options);
    perRegistry.set(registry, cache);
    return cache;
  };
  return {
    v2Json: () => current().v2Json(),
    v2Protobuf: () => current().v2Protobuf(),
    v3Index: () => current().v3Index(),
    v3Document: (path) => current().v3Document(path),
    v3Hash: (path) => current().planned.get(path)?.hash,
  };
}

/** A document of OpenAPI 3, yet to be written. */
interface Planned {
  readonly hash: string;
  readonly write: (documentation: Documentation, gitVersion: string) => object;
}

class DocumentCache {
  /** By path. */
  readonly planned: ReadonlyMap<string, Planned>;
  readonly #registry: Registry;
  readonly #options: OpenApiOptions;
  readonly #documents = new Map<string, Promise<CompressedDocument>>();

  constructor(registry: Registry, options: OpenApiOptions) {
    this.#registry = registry;
    this.#options = options;
    this.planned = plannedDocuments(registry, options.gitVersion);
  }

  v2Json(): Promise<CompressedDocument> {
    return this.#keep('v2', 'application/json', async () => Buffer.from(JSON.stringify(await this.#v2())));
  }

  v2Protobuf(): Promise<CompressedDocument> {
    return this.#keep('v2 protobuf', V2_PROTOBUF_TYPE, async () => encodeDocumentV2(await this.#v2()));
  }

  v3Index(): Promise<CompressedDocument> {
    const paths = [...this.planned].map(([path, { hash }]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]);
    return this.#keep('v3', INDEX_TYPE, async () => Buffer.from(JSON.stringify({ paths: Object.fromEntries(paths) })));
  }

  v3Document(path: string): Promise<CompressedDocument> | undefined {
    const planned = this.planned.get(path);
    return (
      planned &&
      this.#keep(`v3 ${path}`, 'application/json', async () => {
        const { loadDocumentation, gitVersion } = this.#options;
        return Buffer.from(JSON.stringify(planned.write(await loadDocumentation(), gitVersion)));
      })
    );
  }

  async #v2() {
    const { loadDocumentation, gitVersion } = this.#options;
    return documentV2(this.#registry, await loadDocumentation(), gitVersion);
  }

  /** A failure is not kept: the next request tries again. */
  #keep(key: string, contentType: string, build: () => Promise<Buffer>): Promise<CompressedDocument> {
    const known = this.#documents.get(key);
    if (known) return known;
    const document = build().then((bytes) => compressed(bytes, contentType));
    this.#documents.set(key, document);
    document.catch(() => this.#documents.delete(key));
    return document;
  }
}

/** Upstream does not say what its index is, which Go then takes for text. */
export const INDEX_TYPE = 'text/plain; charset=utf-8';

export async function compressed(bytes: Buffer, contentType: string): Promise<CompressedDocument> {
  const packed = await compress(bytes);
  return { gzip: packed, bytes: () => decompress(packed), etag: entityTag(bytes), contentType };
}

/** Definitions never change: a custom kind that changes is another definition. */
const fingerprints = new WeakMap<ResourceDefinition, string>();

function fingerprintOf(definition: ResourceDefinition): string {
  const known = fingerprints.get(definition);
  if (known !== undefined) return known;
  // The types of server-side apply come from the schema, and refer to themselves where a schema allows anything.
  const { structural, applyType: _fromSchema, ...rest } = definition;
  const fingerprint = JSON.stringify([rest, structural?.props]);
  fingerprints.set(definition, fingerprint);
  return fingerprint;
}

/** Hashes change with the version of minik, with the built-in schemas and with what the group's version serves: no document has to be built for them. */
function plannedDocuments(registry: Registry, gitVersion: string): Map<string, Planned> {
  const base = createHash('sha256').update(gitVersion).update(schemasFingerprint()).digest('hex');
  const hashOf = (...parts: readonly string[]) => {
    const hash = createHash('sha256').update(base);
    for (const part of parts) hash.update(part);
    return hash.digest('hex').toUpperCase();
  };
  const planned = new Map<string, Planned>();
  for (const path of serverPaths(registry)) {
    planned.set(path.document, { hash: hashOf(path.document), write: (...texts) => serverDocumentV3(registry, path, ...texts) });
  }
  for (const { name: group, versions: served } of registry.groups) {
    for (const version of served) {
      const path = `${group === '' ? 'api' : 'apis'}/${apiVersionOf({ group, version })}`;
      const hash = hashOf(...registry.inVersion(group, version).map(fingerprintOf));
      planned.set(path, { hash, write: (...texts) => documentV3(registry, { group, version }, ...texts) });
    }
  }
  return planned;
}
