import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseReader } from './response-reader.ts';

interface Answer {
  status: number;
  body: string;
}

function readerInto(answers: Answer[]): ResponseReader {
  let body = '';
  return new ResponseReader({
    body: (part) => {
      body += part.toString();
    },
    end: (status) => {
      answers.push({ status, body });
      body = '';
    },
  });
}

const withLength = ({ status, body }: Answer) => `HTTP/1.1 ${status} Reason\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const inChunks = ({ status, body }: Answer, size: number) => {
  const chunks = Array.from({ length: Math.ceil(body.length / size) }, (_, i) => body.slice(i * size, (i + 1) * size));
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  return `HTTP/1.1 ${status} Reason\r\nTransfer-Encoding: chunked\r\n\r\n${framed}0\r\n\r\n`;
};

test('answers are read whole, however they are cut and framed', () => {
  const answer = fc.record({ status: fc.integer({ min: 200, max: 599 }), body: fc.stringMatching(/^[a-z\r\n0]{0,60}$/) });
  const framed = fc.record({ answer, chunkSize: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(framed, { maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (sent, cut) => {
      const stream = sent.map(({ answer, chunkSize }) => (chunkSize ? inChunks(answer, chunkSize) : withLength(answer))).join('');
      const answers: Answer[] = [];
      const reader = readerInto(answers);
      for (let at = 0; at < stream.length; at += cut) reader.read(Buffer.from(stream.slice(at, at + cut)));
      expect(answers).toEqual(sent.map((s) => s.answer));
    }),
  );
});

test('an answer that does not say its length is refused', () => {
  expect(() => readerInto([]).read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('without length');
});
