import { type Document, entityTag, jsonDocument } from '../discovery/document.ts';
import { type CompressedDocument, compressed, INDEX_TYPE, V2_PROTOBUF_TYPE } from '../openapi/openapi.ts';
import { encodeDocumentV2 } from '../openapi/protobuf-v2.ts';
import type { DocumentV2 } from '../openapi/v2.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';
import { mergedSpec, type SpecV2 } from './merge-open-api-plan.ts';
import { type RemoteOptions, remoteText } from './remote-discovery.ts';

const INDEX = '/openapi/v3';
const V2 = '/openapi/v2';
const OK = 200;

interface Index {
  readonly paths?: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

interface Text {
  readonly prefix: string;
  readonly text: string;
}

/** The merged documents, kept for as long as all that they are made of stays the same. */
class MergedV2 {
  readonly #known = new Map<'json' | 'protobuf', { readonly madeOf: string; readonly document: CompressedDocument }>();

  async document(own: CompressedDocument, others: readonly Text[], form: 'json' | 'protobuf'): Promise<CompressedDocument> {
    const madeOf = JSON.stringify([own.etag, others]);
    const known = this.#known.get(form);
    if (known?.madeOf === madeOf) return known.document;
    const spec = JSON.parse((await own.bytes()).toString('utf8')) as DocumentV2;
    const merged = mergedSpec(spec, others.flatMap(specIn));
    const document =
      form === 'json'
        ? await compressed(Buffer.from(JSON.stringify(merged)), 'application/json')
        : await compressed(inProtobuf(merged) ?? encodeDocumentV2(spec), V2_PROTOBUF_TYPE);
    this.#known.set(form, { madeOf, document });
    return document;
  }
}

/** undefined: somebody's part is JSON, but no OpenAPI. */
function inProtobuf(merged: DocumentV2): Buffer | undefined {
  try {
    return encodeDocumentV2(merged);
  } catch {
    return undefined;
  }
}

/** What is no JSON says nothing. */
function specIn({ prefix, text }: Text): { spec: SpecV2; prefix: string }[] {
  try {
    const spec: unknown = JSON.parse(text);
    return typeof spec === 'object' && spec !== null ? [{ spec, prefix }] : [];
  } catch {
    return [];
  }
}

/** OpenAPI of extension servers, fetched when somebody asks: of version 3 their entries in the index and their documents, of version 2 their paths in the one document. */
export function extensionOpenApi(servers: ExtensionServers, options: RemoteOptions) {
  const signal = new AbortController().signal;
  const fetched = (server: ExtensionServer, path: string) => remoteText(server, path, 'application/json', options, signal);

  async function entries(server: ExtensionServer): Promise<[string, { serverRelativeURL: string }][]> {
    const name = `apis/${server.group}/${server.version}`;
    try {
      const { code, text } = await fetched(server, INDEX);
      const entry = code === OK ? (JSON.parse(text) as Index).paths?.[name] : undefined;
      return entry ? [[name, entry]] : [];
    } catch {
      // What does not answer, or not in JSON, has nothing to say.
      return [];
    }
  }

  const specs = async (reachable: readonly ExtensionServer[]) => {
    const texts = await Promise.all(reachable.map((server) => fetched(server, V2).catch(() => undefined)));
    return reachable.flatMap(({ group, version }, i) => {
      const { code, text = '' } = texts[i] ?? {};
      return code === OK ? [{ prefix: `/apis/${group}/${version}`, text }] : [];
    });
  };
  const v2 = new MergedV2();

  return {
    /** The one document of OpenAPI 2 with what the extension servers that can be reached say; undefined: there are none. */
    v2(own: () => Promise<CompressedDocument>, form: 'json' | 'protobuf'): Promise<CompressedDocument> | undefined {
      const reachable = servers.all.filter(({ available }) => available);
      if (reachable.length === 0) return undefined;
      return (async () => {
        const [document, others] = await Promise.all([own(), specs(reachable)]);
        return v2.document(document, others, form);
      })();
    },
    /** The index with the entries of the extension servers that can be reached; undefined: there are none, the own index is complete. */
    index(own: () => Promise<{ bytes(): Promise<Uint8Array> }>): Promise<Document> | undefined {
      const reachable = servers.all.filter(({ available }) => available);
      if (reachable.length === 0) return undefined;
      return (async () => {
        const [index, ...more] = await Promise.all([own().then((document) => document.bytes()), ...reachable.map(entries)]);
        const { paths = {} } = JSON.parse(Buffer.from(index).toString('utf8')) as Index;
        return jsonDocument({ paths: { ...paths, ...Object.fromEntries(more.flat()) } }, { contentType: INDEX_TYPE });
      })();
    },
    /** The document of `apis/GROUP/VERSION`; undefined when no extension server has it. */
    document(name: string): Promise<Document | undefined> | undefined {
      const [root, group = '', version = ''] = name.split('/');
      const server = root === 'apis' ? servers.find(group, version) : undefined;
      if (!server?.available) return undefined;
      return fetched(server, `${INDEX}/${name}`).then(({ code, text }) => {
        const bytes = Buffer.from(text);
        return code === OK ? { bytes, etag: entityTag(bytes), contentType: 'application/json' } : undefined;
      });
    },
  };
}
