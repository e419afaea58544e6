import { apiVersionOf } from '../../api/define.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import type { CustomConversion } from '../admission/matching/equivalents.ts';
import type { ObjectReader } from '../ports.ts';
import { copyJson } from '../registry/copy.ts';
import type { Resources } from '../registry/resources.ts';
import { CRDS } from './crds.ts';

/** Objects of custom kinds for webhooks and policies that name another version: by the kind's conversion webhook, where it has one. */
export const customConversion =
  (resources: Pick<Resources, 'converter'>, objects: ObjectReader): CustomConversion =>
  (object, to) => {
    const crd = objects.get<CustomResourceDefinition>(CRDS, '', `${to.plural}.${to.group}`);
    if (crd?.spec.conversion?.strategy !== 'Webhook') return undefined;
    return resources.converter(crd, [copyJson(object)], apiVersionOf(to)).then(([converted]) => converted ?? object);
  };
