import { fieldsOf, textOf } from '../../configuration-fields.ts';

/** Texts such as `env=test,region=west`. */
export interface NodeSelectors {
  /** Of namespaces without one of their own. */
  readonly standard: string;
  /** By namespace: what its pods may ask for at most. */
  readonly allowed: ReadonlyMap<string, string>;
}

const STANDARD = 'clusterDefaultNodeSelector';

/** The file has no kind. What is wrong with a text is told to those whose pods it is for, as upstream does. (Kubernetes: "Admission Control", PodNodeSelector.) */
export function planPodNodeSelector(document: unknown, at: string): NodeSelectors {
  const { podNodeSelectorPluginConfig: config } = fieldsOf(document, at, ['podNodeSelectorPluginConfig']);
  const path = `${at}.podNodeSelectorPluginConfig`;
  const all = Object.entries(fieldsOf(config, path, Object.keys(Object(config)))).map(([namespace, text]): [string, string] => [
    namespace,
    textOf(text, `${path}.${namespace}`),
  ]);
  const allowed = new Map(all);
  return { standard: allowed.get(STANDARD) ?? '', allowed };
}
