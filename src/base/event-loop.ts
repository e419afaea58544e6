/** Lets the event loop do what waits (I/O, timers) before long synchronous work goes on. */
export const letOthersRun = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
