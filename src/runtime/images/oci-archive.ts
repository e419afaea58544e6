import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';

export interface ImageFile {
  /** Absolute path in the image. Parent directories are made. */
  path: string;
  content?: Uint8Array | string;
  /** Target of a symbolic link, instead of content. */
  linkTo?: string;
  /** Makes an empty directory, instead of content. */
  directory?: boolean;
  /** Default 0o644; 0o755 for directories. */
  mode?: number;
}

export interface ImageDefinition {
  /** `registry/path:tag`, as the runtime is to know it. */
  name: string;
  files: ImageFile[];
  entrypoint?: string[];
  cmd?: string[];
  env?: string[];
  workingDir?: string;
  /** `uid[:gid]` or a name. */
  user?: string;
  /** `8080/tcp` */
  exposedPorts?: string[];
  labels?: Record<string, string>;
  stopSignal?: string;
  architecture?: 'amd64' | 'arm64';
}

export interface BuiltImage {
  /** An OCI image layout in a tar, as `ctr images import` reads it. */
  archive: Buffer;
  /** Digest of the manifest. */
  digest: string;
  /** Digest of the configuration: the image's id in CRI. */
  id: string;
}

/** The same definition gives the same bytes: times are the epoch, owners are root, layers are not compressed. */
export async function buildImage(definition: ImageDefinition): Promise<BuiltImage> {
  const layer = await tar(withParents(definition.files));
  const config = json(imageConfig(definition, digestOf(layer)));
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        platform: { architecture: architectureOf(definition), os: 'linux' },
        annotations: { 'io.containerd.image.name': definition.name, 'org.opencontainers.image.ref.name': tagOf(definition.name) },
      },
    ],
  });
  const blob = (content: Buffer): ImageFile => ({ path: `/blobs/sha256/${digestOf(content).slice('sha256:'.length)}`, content });
  const archive = await tar([
    { path: '/oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: '/index.json', content: index },
    ...[manifest, config, layer].map(blob),
  ]);
  return { archive, digest: digestOf(manifest), id: digestOf(config) };
}

const architectureOf = ({ architecture }: ImageDefinition) => architecture ?? (process.arch === 'arm64' ? 'arm64' : 'amd64');

function imageConfig(definition: ImageDefinition, layerDigest: string) {
  return {
    created: '1970-01-01T00:00:00Z',
    architecture: architectureOf(definition),
    os: 'linux',
    config: {
      User: definition.user,
      ExposedPorts: definition.exposedPorts && Object.fromEntries(definition.exposedPorts.map((port) => [port, {}])),
      Env: definition.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: definition.entrypoint,
      Cmd: definition.cmd,
      WorkingDir: definition.workingDir,
      Labels: definition.labels,
      StopSignal: definition.stopSignal,
    },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: 'minik' }],
  };
}

/** Every directory above a file, once and before it. */
function withParents(files: readonly ImageFile[]): ImageFile[] {
  const made = new Set(['/', ...files.filter((f) => f.directory).map((f) => f.path)]);
  return files.flatMap((file) => {
    const parents: ImageFile[] = [];
    for (let end = file.path.indexOf('/', 1); end > 0; end = file.path.indexOf('/', end + 1)) {
      const path = file.path.slice(0, end);
      if (!made.has(path)) parents.push({ path, directory: true });
      made.add(path);
    }
    return [...parents, file];
  });
}

async function tar(files: readonly ImageFile[]): Promise<Buffer> {
  const stream = pack();
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  })();
  for (const file of files) {
    const common = { name: file.path.slice(1), mtime: new Date(0), uid: 0, gid: 0 };
    if (file.linkTo !== undefined) stream.entry({ ...common, type: 'symlink', linkname: file.linkTo, mode: 0o777 });
    else if (file.directory) stream.entry({ ...common, type: 'directory', mode: file.mode ?? 0o755 });
    else stream.entry({ ...common, mode: file.mode ?? 0o644 }, Buffer.from(file.content ?? ''));
  }
  stream.finalize();
  await reading;
  return Buffer.concat(chunks);
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const descriptor = (mediaType: string, content: Buffer) => ({ mediaType, digest: digestOf(content), size: content.length });
const tagOf = (name: string): string => /:([^/:]+)$/.exec(name)?.[1] ?? 'latest';
