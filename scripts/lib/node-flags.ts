/** V8 would let garbage grow to three times of what is alive before it looks for it (ADR 0030). Compiled code is good only under the flags it was compiled with. */
export const memoryFlags = ['--max-semi-space-size=8', '--heap-growing-percent=60'];

/**
 * What Node is told when it runs minik. As many threads of V8's beside the main one as there are cores beside the first: Node's own four take a box of two cores
 * away from the thread that answers requests (docs/performance.md).
 */
export const nodeFlags = ['--disable-warning=ExperimentalWarning', '--v8-pool-size=0', ...memoryFlags];
