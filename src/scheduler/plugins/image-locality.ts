import type { ConfigReader } from '../config/config-reader.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { MAX_SCORE, SKIP } from '../framework/plugin.ts';

const NAME = 'ImageLocality';
const MIB = 1024 * 1024;
const SMALLEST = 23 * MIB;
const LARGEST_PER_CONTAINER = 1000 * MIB;

const withTag = (image: string) => (image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image);

interface Wanted {
  /** Once a container. */
  readonly images: readonly { readonly name: string; readonly share: number }[];
}
const WANTED = stateKey<Wanted>();

/** Prefers nodes that hold the pod's images already, by their size; images that few nodes hold count less, lest they draw all pods there. */
export const imageLocality: PluginDefinition = {
  name: NAME,
  weight: 1,
  configure(args: ConfigReader) {
    args.known([]);
    return ({ snapshot }) => ({
      name: NAME,
      preScore(state, { pod }) {
        if (!snapshot.images.isKnown) return SKIP;
        const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
        const images = containers.map(({ image = '' }) => {
          const name = withTag(image);
          return { name, share: snapshot.images.holders(name) / snapshot.nodeCount };
        });
        if (images.every(({ share }) => share === 0)) return SKIP;
        state.write(WANTED, { images });
        return undefined;
      },
      score(state, _pod, node) {
        const { images } = state.read(WANTED) as Wanted;
        let bytes = 0;
        for (const { name, share } of images) bytes += Math.trunc(snapshot.images.sizeOn(node.name, name) * share);
        const largest = LARGEST_PER_CONTAINER * images.length;
        return Math.trunc((MAX_SCORE * (Math.min(Math.max(bytes, SMALLEST), largest) - SMALLEST)) / (largest - SMALLEST));
      },
    });
  },
};
