import { pods } from '../../api/index.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { PluginDefinition } from '../framework/definition.ts';

const NAME = 'DefaultBinder';

/** Tells the API server: POST pods/NAME/binding. */
export const defaultBinder: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known([]);
    return ({ client }) => ({
      name: NAME,
      async bind(_state, { pod }, nodeName, { signal }) {
        const { name = '', namespace, uid } = pod.metadata ?? {};
        const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
        const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target };
        await client.create(pods, binding as unknown as Pod, { namespace, subresource: 'binding', signal });
        return true;
      },
    });
  },
};
