import { createSocket } from 'node:dgram';
import { type EndpointSlice, type Service, SERVICE_NAME } from './kinds.ts';
import { DNS_ADDRESS } from './pod-network.ts';

/** The addresses of names, in lower case without the last dot. */
export type Names = ReadonlyMap<string, readonly string[]>;

/** The names of Services: of a headless one its endpoints, of any other its cluster address (Kubernetes DNS specification). */
export function namesOf(services: readonly Service[], slices: readonly EndpointSlice[]): Names {
  return new Map(
    services.map(({ metadata: { namespace, name }, spec: { clusterIP = '' } }) => {
      const endpoints = slices.filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[SERVICE_NAME] === name,
      );
      const own = endpoints.flatMap((slice) => (slice.endpoints ?? []).flatMap(({ addresses }) => addresses));
      const addresses = clusterIP === 'None' ? own : [clusterIP].filter(Boolean);
      return [`${name}.${namespace}.svc.cluster.local`, addresses] as const;
    }),
  );
}

const A = 1;
const ROOM_FOR_HEADER = 12;
const TTL = 5;

/** The answer to a question (RFC 1035), or `undefined` to what is none. A name that nobody has does not exist. */
export function answerTo(question: Buffer, names: Names): Buffer | undefined {
  const asked = readQuestion(question);
  if (asked === undefined) return undefined;
  const addresses = names.get(asked.name);
  const found = asked.type === A ? (addresses ?? []) : [];
  const header = Buffer.alloc(ROOM_FOR_HEADER);
  question.copy(header, 0, 0, 2);
  const recursion = question.readUInt8(2) & 1;
  // An answer, authoritative; NXDOMAIN where there is no such name.
  header.writeUInt16BE(0x84_80 | (recursion << 8) | (addresses === undefined ? 3 : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  return Buffer.concat([header, question.subarray(ROOM_FOR_HEADER, asked.end), ...found.map(record)]);
}

function readQuestion(
  message: Buffer,
): { readonly name: string; readonly type: number; readonly end: number } | undefined {
  const labels: string[] = [];
  let offset = ROOM_FOR_HEADER;
  for (;;) {
    const length = message[offset];
    if (length === undefined || length > 63) return undefined;
    if (length === 0) break;
    labels.push(message.toString('latin1', offset + 1, offset + 1 + length));
    offset += length + 1;
  }
  const end = offset + 5;
  if (end > message.length) return undefined;
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(offset + 1), end };
}

/** An A record of the name that was asked for. */
function record(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(0xc0_0c, 0);
  bytes.writeUInt16BE(A, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt32BE(TTL, 6);
  bytes.writeUInt16BE(4, 10);
  for (const [index, part] of address.split('.').entries()) bytes[12 + index] = Number(part);
  return bytes;
}

/** Serves names to pods. `names` is asked for each question. */
export async function serveNames(names: () => Names): Promise<() => void> {
  const socket = createSocket('udp4');
  socket.on('message', (question, { address, port }) => {
    const answer = answerTo(question, names());
    if (answer !== undefined) socket.send(answer, port, address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(53, DNS_ADDRESS, resolve);
  });
  return () => socket.close();
}
