import { defineResource } from '../define.ts';
import type { LimitRange } from '../schema/generated/types.ts';
import { defaultLimitRange } from './limit-range-defaults.ts';
import { checkLimitRange } from './validation-limit-range.ts';

export const limitRanges = defineResource<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  scope: 'Namespaced',
  shortNames: ['limits'],
  hooks: {
    defaults: defaultLimitRange,
    checksRequired: true,
    /** Upstream gives one without a name a UUID. */
    prepareForCreate({ metadata }) {
      if (metadata) metadata.name ||= metadata.uid;
    },
    validate: checkLimitRange,
  },
});
