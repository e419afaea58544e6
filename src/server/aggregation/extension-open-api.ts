import { type Document, entityTag, jsonDocument } from '../discovery/document.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';
import { type RemoteOptions, remoteText } from './remote-discovery.ts';

const INDEX = '/openapi/v3';
const OK = 200;

interface Index {
  readonly paths?: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/** OpenAPI v3 of extension servers: their entries in the index, and their documents, fetched when somebody asks. */
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

  return {
    /** The index with the entries of the extension servers that can be reached; undefined: there are none, the own index is complete. */
    index(own: () => Promise<{ bytes(): Promise<Uint8Array> }>): Promise<Document> | undefined {
      const reachable = servers.all.filter(({ available }) => available);
      if (reachable.length === 0) return undefined;
      return (async () => {
        const [index, ...more] = await Promise.all([own().then((document) => document.bytes()), ...reachable.map(entries)]);
        const { paths = {} } = JSON.parse(Buffer.from(index).toString('utf8')) as Index;
        return jsonDocument({ paths: { ...paths, ...Object.fromEntries(more.flat()) } });
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
