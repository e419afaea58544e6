/** Several errors as the one that Go's Aggregate prints: each once, in brackets; a single one as it is (apimachinery's util/errors). */
export function goAggregate(messages: readonly string[]): string {
  const different = [...new Set(messages)];
  return different.length > 1 ? `[${different.join(', ')}]` : different.join();
}
