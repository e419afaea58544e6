import { unreachable } from '../base/unreachable.ts';

/**
 * Where an informer is with its list and watch. `failures` counts tries in a row that brought nothing; it sets the back-off.
 * `resume`: the resourceVersion to go on watching from; absent means that the history is gone and only a new list helps.
 */
export type InformerState =
  | { readonly at: 'listing'; readonly failures: number }
  | { readonly at: 'watching'; readonly resourceVersion: string; readonly failures: number }
  | { readonly at: 'backing-off'; readonly failures: number; readonly delayMs: number; readonly resume?: string };

export type InformerInput =
  | { readonly type: 'listed'; readonly resourceVersion: string }
  /** An event or a bookmark came. */
  | { readonly type: 'progressed'; readonly resourceVersion: string }
  /** The server ended the watch, as it does every few minutes. */
  | { readonly type: 'closed' }
  | { readonly type: 'failed' }
  /** 410: the resourceVersion is too old to resume from. */
  | { readonly type: 'expired' }
  | { readonly type: 'waited' };

export const FIRST_DELAY_MS = 200;
export const LONGEST_DELAY_MS = 30_000;

const delayAfter = (failures: number) => Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 20), LONGEST_DELAY_MS);

function backOff(state: InformerState, resume: string | undefined): InformerState {
  const failures = state.failures + 1;
  return { at: 'backing-off', failures, delayMs: delayAfter(failures), ...(resume !== undefined && { resume }) };
}

/** What the informer does next. Inputs that make no sense in a state leave it as it is. */
export function stepInformer(state: InformerState, input: InformerInput): InformerState {
  const resume = state.at === 'watching' ? state.resourceVersion : undefined;
  switch (input.type) {
    case 'listed':
      // The failures stay: a server whose lists work but whose watches always fail must not be listed in a tight loop.
      return { at: 'watching', resourceVersion: input.resourceVersion, failures: state.failures };
    case 'progressed':
      return state.at === 'watching' ? { at: 'watching', resourceVersion: input.resourceVersion, failures: 0 } : state;
    case 'closed':
    case 'failed':
      return state.at === 'backing-off' ? state : backOff(state, resume);
    case 'expired':
      return state.at === 'backing-off' ? state : backOff(state, undefined);
    case 'waited':
      if (state.at !== 'backing-off') return state;
      return state.resume === undefined
        ? { at: 'listing', failures: state.failures }
        : { at: 'watching', resourceVersion: state.resume, failures: state.failures };
    default:
      return unreachable(input);
  }
}
