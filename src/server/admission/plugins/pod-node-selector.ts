import { fieldErrorText, invalid } from '../../../api/meta/field-error.ts';
import { labelValueFindings, qualifiedNameFindings } from '../../../api/meta/names.ts';
import type { Pod } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import { forbiddenBecause, unknownError } from '../../registry/errors.ts';
import type { NodeSelectors } from '../configuration/pod-node-selector.ts';
import { isAbout, namespaceOf } from '../request.ts';

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector';
const PODS = { group: '', plural: 'pods' };

type Labels = Readonly<Record<string, string>>;

/**
 * Pods run on the nodes of their namespace, as an annotation of it says or else the operator, who can also say which labels of nodes its pods may ask for. Off by default. (Kubernetes: "Admission
 * Control", PodNodeSelector.)
 */
export function podNodeSelector(objects: ObjectReader, { standard, allowed }: NodeSelectors): AdmissionPlugin {
  const selectorOf = (name: string): Labels => {
    const { metadata } = namespaceOf(objects, name);
    return labelsOf(metadata?.annotations?.[ANNOTATION] ?? standard);
  };
  const check = ({ request, object }: AdmissionRequest, own: Labels) => {
    const { metadata, spec } = object as Pod;
    const refuse = (why: string) => forbiddenBecause(PODS, metadata?.name ?? '', why);
    const asked = Object.entries(spec?.nodeSelector ?? {});
    if (asked.some(([key, value]) => own[key] !== undefined && own[key] !== value)) {
      throw refuse('pod node label selector conflicts with its namespace node label selector');
    }
    const most = labelsOf(allowed.get(request.namespace ?? '') ?? '');
    if (Object.keys(most).length > 0 && asked.some(([key, value]) => most[key] !== value)) {
      throw refuse('pod node label selector labels conflict with its namespace whitelist');
    }
  };
  const isConcerned = (admission: AdmissionRequest) => admission.operation === 'CREATE' && isAbout(admission, 'pods');
  return {
    name: 'PodNodeSelector',
    mutate(admission) {
      if (!isConcerned(admission)) return;
      const { spec } = admission.object as Pod;
      const own = selectorOf(admission.request.namespace ?? '');
      if (!spec) return;
      if (Object.keys(own).length > 0) spec.nodeSelector = { ...own, ...spec.nodeSelector };
      check(admission, own);
    },
    validate(admission) {
      if (isConcerned(admission)) check(admission, selectorOf(admission.request.namespace ?? ''));
    },
  };
}

/** `env=test,region=west` (apimachinery, labels.ConvertSelectorToLabelsMap). Whoever meets one that is none is told so as of an error of the server, in a field without a name. */
function labelsOf(text: string): Labels {
  if (text === '') return {};
  const labels: Record<string, string> = {};
  for (const part of text.split(',')) {
    const sides = part.split('=');
    if (sides.length !== 2) throw unknownError(`invalid selector: [${sides.join(' ')}]`);
    const [key = '', value = ''] = sides.map((side) => side.trim());
    const faults = qualifiedNameFindings(key);
    if (faults.length > 0) throw unknownError(fieldErrorText(invalid('<nil>', key, faults.join('; '))));
    const wrong = labelValueFindings(value);
    if (wrong.length > 0) throw unknownError(fieldErrorText(invalid(`[${key}]`, value, wrong.join('; '))));
    labels[key] = value;
  }
  return labels;
}
