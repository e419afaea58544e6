import type { Field, Model } from './read-models.ts';

const field = (name: string, type: string, description: string, required = false): Field => ({ name, type, required, description });

const META = [
  field('apiVersion', 'string', 'The version of the API that the object is of.'),
  field('kind', 'string', 'The kind of the object.'),
];
const metadata = field('metadata', 'ObjectMeta', 'Name, and namespace and labels of what was measured.');
const MEASURED = [
  field('timestamp', 'time', 'When the measured time ended.', true),
  field('window', 'string', 'How long was measured: from `timestamp - window` to `timestamp`.', true),
];
const USAGE = 'Memory in its working set, and CPU on average over the window.';

const model = (name: string, description: string, fields: readonly Field[]): Model => ({
  name,
  description,
  fields: fields.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
});
const list = (kind: string): Model =>
  model(`${kind}List`, `A list of ${kind}.`, [
    ...META,
    field('metadata', 'ListMeta', 'Of the list.'),
    field('items', `[]${kind}`, 'The elements.', true),
  ]);

/**
 * metrics.k8s.io/v1beta1, which the client's models do not have: it is an API of its own (k8s.io/metrics), usually served by an extension server.
 * Source: Kubernetes, "Resource metrics pipeline".
 */
export const METRICS_MODELS: readonly Model[] = [
  model('ContainerMetrics', 'What one container uses.', [
    field('name', 'string', 'As the pod calls it.', true),
    field('usage', '{}quantity', USAGE, true),
  ]),
  model('NodeMetrics', 'What one node uses.', [...META, metadata, ...MEASURED, field('usage', '{}quantity', USAGE, true)]),
  list('NodeMetrics'),
  model('PodMetrics', 'What the containers of one pod use.', [
    ...META,
    metadata,
    ...MEASURED,
    field('containers', '[]ContainerMetrics', 'All that were measured over the same window.', true),
  ]),
  list('PodMetrics'),
];
