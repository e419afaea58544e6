import { type BuiltImage, buildImage, type ImageDefinition, type ImageFile } from './oci-archive.ts';

/**
 * An image around a static busybox: `/bin/busybox` and a link for every applet. For tests and for boxes without a registry.
 * `applets`: what `busybox --list` prints. `more` is added to the definition; its files come after busybox' own.
 */
export function busyboxImage(
  name: string,
  busybox: Uint8Array,
  applets: readonly string[],
  more: Partial<ImageDefinition> = {},
): Promise<BuiltImage> {
  const links: ImageFile[] = applets.filter((a) => a && a !== 'busybox').map((a) => ({ path: `/bin/${a}`, linkTo: 'busybox' }));
  const files: ImageFile[] = [
    { path: '/bin/busybox', content: busybox, mode: 0o755 },
    ...links,
    { path: '/etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' },
    { path: '/etc/group', content: 'root:x:0:\nnobody:x:65534:\n' },
    { path: '/tmp', directory: true, mode: 0o1777 },
    { path: '/root', directory: true, mode: 0o700 },
    ...['/dev', '/proc', '/sys', '/var'].map((path) => ({ path, directory: true })),
  ];
  return buildImage({ cmd: ['sh'], ...more, name, files: [...files, ...(more.files ?? [])] });
}
