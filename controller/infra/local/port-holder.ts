import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { overlaps, type Socket } from '../../gateway/port-claims.ts';

/** State of a socket in `/proc/net/tcp` that listens (TCP_LISTEN), and of one in `/proc/net/udp` that is bound. */
const LISTENS = { TCP: '0A', UDP: '07' } as const;

/** The processes whose sockets stand in the way of a socket; empty where none can be told (another user's). */
export function holdersOf(socket: Socket): readonly number[] {
  const inodes = new Set(
    listening(socket.protocol).flatMap((held) => (standsInTheWay(held, socket) ? [held.inode] : [])),
  );
  return inodes.size === 0 ? [] : processesWith(inodes);
}

/** A process as people know it: "process 4711 (nginx)". Its arguments are left out: they may hold secrets. */
export function describeProcess(pid: number): string {
  try {
    return `process ${pid} (${basename(readlinkSync(`/proc/${pid}/exe`))})`;
  } catch {
    return `process ${pid}`;
  }
}

/** As `overlaps`, but "::" may stand for IPv4, too: other programs bind it for both. */
function standsInTheWay(held: Socket, wanted: Socket): boolean {
  return overlaps(held, wanted) || (held.address === '::' && held.port === wanted.port);
}

type Held = Socket & { readonly inode: string };

function listening(protocol: Socket['protocol']): readonly Held[] {
  const name = protocol.toLowerCase();
  return [`/proc/net/${name}`, `/proc/net/${name}6`].flatMap((file) =>
    linesOf(file).flatMap((line) => {
      const fields = line.trim().split(/\s+/u);
      const [address, port] = fields[1]?.split(':') ?? [];
      const inode = fields[9];
      if (address === undefined || port === undefined || inode === undefined) return [];
      if (fields[3] !== LISTENS[protocol]) return [];
      return [{ address: decodeAddress(address), port: Number.parseInt(port, 16), protocol, inode }];
    }),
  );
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}

/** The kernel writes an address as hexadecimal words of four bytes, each in the byte order of the machine. */
function decodeAddress(text: string): string {
  const bytes = (text.match(/.{8}/gu) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].toReversed());
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  if (bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))) return '::1';
  return Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16)).join(
    ':',
  );
}

function processesWith(inodes: ReadonlySet<string>): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => fileDescriptors(pid).some((target) => inodes.has(target)));
}

/** The inodes of the sockets that a process has open. */
function fileDescriptors(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(?<inode>\d+)\]$/u.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.groups?.['inode'] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
