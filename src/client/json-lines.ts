/** One event may be as long as the largest object; more than this is no Kubernetes API. */
const LONGEST_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Splits a byte stream into JSON documents, one a line. Lines may be cut anywhere, also inside a character. */
export async function* jsonLines(chunks: AsyncIterable<Buffer>): AsyncIterable<unknown> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString('utf8').trim();
      parts = [];
      length = 0;
      start = end + 1;
      if (line) yield JSON.parse(line);
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      length += chunk.length - start;
      if (length > LONGEST_LINE_BYTES) throw new Error(`a line of more than ${LONGEST_LINE_BYTES} bytes`);
    }
  }
}
