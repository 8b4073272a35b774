import { BlockList, isIP } from 'node:net';

/**
 * What kind of place an IP address is.
 *
 * - `Metadata`: where clouds tell machines their credentials
 * - `LinkLocal`: RFC 3927, RFC 4291 section 2.5.6
 * - `NoHost`: multicast, broadcast and reserved networks (RFC 5771, RFC 1112, RFC 4291 section 2.7)
 * - `Loopback`: and the unspecified address, which Linux takes for it
 * - `Private`: RFC 1918, RFC 6598, RFC 4193
 */
export type AddressClass = 'Metadata' | 'LinkLocal' | 'NoHost' | 'Loopback' | 'Private' | 'Public';

/** Networks by class; what is in several is in the first. */
const NETWORKS: readonly { readonly kind: AddressClass; readonly networks: readonly string[] }[] = [
  {
    kind: 'Metadata',
    networks: [
      '169.254.169.254/32',
      '169.254.170.2/32',
      '169.254.170.23/32',
      '169.254.42.42/32',
      '100.100.100.200/32',
      '168.63.129.16/32',
      '192.0.0.192/32',
      'fd00:ec2::/32',
      'fd20:ce::254/128',
      'fd00:42::42/128',
    ],
  },
  { kind: 'LinkLocal', networks: ['169.254.0.0/16', 'fe80::/10'] },
  { kind: 'NoHost', networks: ['224.0.0.0/4', '240.0.0.0/4', 'ff00::/8'] },
  { kind: 'Loopback', networks: ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'] },
  {
    kind: 'Private',
    networks: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10'],
  },
];

const LISTS = NETWORKS.map(({ kind, networks }) => ({ kind, list: blockList(networks) }));

/** Tells the class of an address; an IPv6 address that leads to an IPv4 one has the class of that one. */
export function addressClass(address: string): AddressClass {
  const plain = embeddedIpv4(address) ?? address;
  return LISTS.find(({ list }) => isIn(plain, list))?.kind ?? 'Public';
}

/** Makes a list of networks in CIDR notation. */
export function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', length = ''] = network.split('/');
    list.addSubnet(base, Number(length), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Whether an address, or the IPv4 address that it leads to, is in a list of networks. */
export function isListed(address: string, list: BlockList): boolean {
  return isIn(address, list) || isIn(embeddedIpv4(address) ?? address, list);
}

function isIn(address: string, list: BlockList): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The IPv4 address inside an IPv6 one: mapped, compatible (RFC 4291 section 2.5.5), translated (RFC 2765), NAT64 (RFC 6052,
 * RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214).
 */
function embeddedIpv4(address: string): string | undefined {
  const groups = groupsOf(address);
  if (groups === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const last = dotted(g, h);
  const isZero = (a | b | c | d) === 0;
  if (isZero && e === 0 && f === 0xffff) return last;
  if (isZero && e === 0xffff && f === 0) return last;
  if (isZero && e === 0 && f === 0 && (g !== 0 || h > 1)) return last;
  if (a === 0x64 && b === 0xff9b && (c === 1 || (c | d | e | f) === 0)) return last;
  if (a === 0x2002) return dotted(b, c);
  if (a === 0x2001 && b === 0) return dotted(g ^ 0xffff, h ^ 0xffff);
  if ((e & 0xfdff) === 0 && f === 0x5efe) return last;
  return undefined;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups of an IPv6 address; `undefined` for anything else. */
function groupsOf(address: string): readonly number[] | undefined {
  const [unscoped = ''] = address.split('%');
  if (isIP(unscoped) !== 6) return undefined;
  const [head = '', tail] = new URL(`http://[${unscoped}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}
