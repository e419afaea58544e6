import { defaultClassOf } from '../../../api/meta/default-class.ts';
import type { Ingress, IngressClass } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, ObjectReader } from '../../ports.ts';
import { isAbout } from '../request.ts';

const DEFAULT_ANNOTATIONS = ['ingressclass.kubernetes.io/is-default-class'];
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** An Ingress that names no class, not even by the old annotation, gets the default one. */
export const defaultIngressClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultIngressClass',
  mutate(admission) {
    if (admission.operation !== 'CREATE' || !isAbout(admission, 'ingresses', 'networking.k8s.io')) return;
    const ingress = admission.object as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata?.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const found = defaultClassOf(objects.list<IngressClass>('ingressclasses.networking.k8s.io'), DEFAULT_ANNOTATIONS);
    if (found) ingress.spec = { ...ingress.spec, ingressClassName: found.metadata?.name };
  },
});
