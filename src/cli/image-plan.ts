const isTar = (head: Uint8Array): boolean => Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
/** gzip and zstd: containerd unpacks both. */
const COMPRESSED = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
];

/** `head`: the first 512 bytes of a file. */
export const looksLikeArchive = (head: Uint8Array): boolean =>
  isTar(head) || COMPRESSED.some((magic) => magic.every((byte, at) => head[at] === byte));

/** `registry:5000/app:1` is the image `registry:5000/app` with the tag `1`. */
export function splitReference(name: string): [image: string, tag: string] {
  const [, image, tag] = /^(.*?)(?::([^/:@]+))?$/.exec(name.split('@')[0] ?? '') ?? [];
  return [image ?? name, tag ?? '<none>'];
}

/** Decimal units, three significant digits, as crictl prints sizes. */
export function showBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const exponent = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${Number((bytes / 1000 ** exponent).toPrecision(3))}${units[exponent]}`;
}
