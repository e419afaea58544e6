import type { Toleration } from '../../../api/schema/generated/types.ts';
import { documentFields, fieldsOf, listOf, textOf, wholeNumberOf } from '../../configuration-fields.ts';

/** For namespaces that say nothing themselves. */
export interface ClusterTolerations {
  readonly standard: readonly Toleration[];
  /** None: all are allowed. */
  readonly allowed: readonly Toleration[];
}

/** (Kubernetes: "Admission Control", PodTolerationRestriction; upstream: podtolerationrestriction, v1alpha1.) */
export function planPodTolerationRestriction(document: unknown, at: string): ClusterTolerations {
  const config = documentFields(document, {
    apiVersions: ['podtolerationrestriction.admission.k8s.io/v1alpha1'],
    kind: 'Configuration',
    fields: ['default', 'whitelist'],
    at,
  });
  const tolerations = (field: string) =>
    listOf(config[field], `${at}.${field}`).map((each, i) => tolerationOf(each, `${at}.${field}[${i}]`));
  return { standard: tolerations('default'), allowed: tolerations('whitelist') };
}

const TEXTS = ['key', 'operator', 'value', 'effect'] as const;

function tolerationOf(value: unknown, at: string): Toleration {
  const fields = fieldsOf(value, at, [...TEXTS, 'tolerationSeconds']);
  const texts = TEXTS.flatMap((name) => (textOf(fields[name], `${at}.${name}`) ? [[name, fields[name]]] : []));
  const tolerationSeconds = wholeNumberOf(fields.tolerationSeconds, `${at}.tolerationSeconds`);
  return { ...Object.fromEntries(texts), ...(tolerationSeconds !== undefined && { tolerationSeconds }) };
}
