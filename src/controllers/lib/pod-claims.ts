import { claimKeysOf } from '../../api/core/volume-binding.ts';

/** Index of pods by the claims that they mount, `namespace/name`. */
export const POD_CLAIM_INDEX = 'claim';
export const byClaim = { [POD_CLAIM_INDEX]: claimKeysOf };
