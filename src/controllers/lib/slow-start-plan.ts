/** Sizes of the batches in which pods are created: 1, 2, 4, … so that a template which the API refuses costs one request, not 500. */
export function slowStart(count: number): number[] {
  const batches: number[] = [];
  for (let size = 1, left = count; left > 0; size *= 2) {
    const batch = Math.min(size, left);
    batches.push(batch);
    left -= batch;
  }
  return batches;
}
