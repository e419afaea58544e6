/**
 * Why a node, or the pod itself, was refused; the reasons are the words of upstream's FailedScheduling event.
 * `Unschedulable`: preemption may help. `UnschedulableAndUnresolvable`: no pod that leaves would help.
 * `Pending`: the pod waits for something outside of the scheduler and is not to be punished with back-off for it.
 * Made once where it can be: a filter may give it for thousands of nodes.
 */
export interface Refusal {
  readonly code: 'Unschedulable' | 'UnschedulableAndUnresolvable' | 'Pending';
  readonly plugin: string;
  readonly reasons: readonly string[];
}

export const refusal = (plugin: string, code: Refusal['code'], ...reasons: string[]): Refusal => ({ plugin, code, reasons });
