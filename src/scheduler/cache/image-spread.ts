import type { Node } from '../../api/schema/generated/types.ts';

/** Which images the nodes hold. */
export class ImageSpread {
  /** By the node's name, so that a node's report can be taken back. */
  readonly #reported = new Map<
    string,
    { readonly images: NonNullable<Node['status']>['images']; readonly sizes: ReadonlyMap<string, number> }
  >();
  readonly #holders = new Map<string, number>();

  set(node: Node): void {
    const name = node.metadata?.name ?? '';
    const images = node.status?.images;
    if (this.#reported.get(name)?.images === images && images !== undefined) return;
    this.remove(name);
    if (!images?.length) return;
    const sizes = new Map(images.flatMap(({ names, sizeBytes = 0 }) => (names ?? []).map((image) => [image, sizeBytes] as const)));
    this.#reported.set(name, { images, sizes });
    for (const image of sizes.keys()) this.#holders.set(image, (this.#holders.get(image) ?? 0) + 1);
  }

  remove(nodeName: string): void {
    const reported = this.#reported.get(nodeName);
    if (!reported) return;
    this.#reported.delete(nodeName);
    for (const image of reported.sizes.keys()) {
      const left = (this.#holders.get(image) ?? 1) - 1;
      if (left === 0) this.#holders.delete(image);
      else this.#holders.set(image, left);
    }
  }

  /** False: no node says what it holds, and nobody needs to be asked. */
  get isKnown(): boolean {
    return this.#reported.size > 0;
  }
  /** Bytes of the image on the node; 0 when it is not there. */
  sizeOn(nodeName: string, image: string): number {
    return this.#reported.get(nodeName)?.sizes.get(image) ?? 0;
  }
  /** How many nodes hold the image. */
  holders(image: string): number {
    return this.#holders.get(image) ?? 0;
  }
}
