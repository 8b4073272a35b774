import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { StringFormat } from './schema.ts';

/** A format: whether text has it, and what it accepts in words. */
export type Format = { readonly accepts: (text: string) => boolean; readonly words: string };

const quantityPattern = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/u;
const goDurationPattern = /^[+-]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$/u;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/** Every format that a string can have. */
export const formats: { readonly [F in StringFormat]: Format } = {
  'date-time': {
    accepts: (text) =>
      /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/u.test(text) && !Number.isNaN(Date.parse(text)),
    words: 'a date and time such as 2026-01-31T12:00:00Z (RFC 3339)',
  },
  byte: {
    // Line breaks inside are accepted, as Go's decoder does.
    accepts: (text) => base64Pattern.test(text.replaceAll(/[\r\n]/gu, '')),
    words: 'base64 (RFC 4648, with padding)',
  },
  ip: { accepts: (text) => isIP(text) !== 0 && !text.includes('%'), words: 'an IPv4 or IPv6 address' },
  ipv4: { accepts: isIPv4, words: 'an IPv4 address' },
  ipv6: { accepts: (text) => isIPv6(text) && !text.includes('%'), words: 'an IPv6 address' },
  cidr: { accepts: isCidr, words: 'an address block such as 10.0.0.0/8 or fd00::/8' },
  uri: { accepts: (text) => URL.canParse(text), words: 'an absolute URL' },
  'gateway-duration': {
    accepts: (text) => /^([0-9]{1,5}(h|m|s|ms)){1,4}$/u.test(text),
    words: 'a duration such as 1h, 30s or 1s500ms (GEP-2257)',
  },
  'go-duration': { accepts: (text) => goDurationPattern.test(text), words: 'a duration such as 1h, 1.5s or 300ms' },
  quantity: { accepts: (text) => quantityPattern.test(text), words: 'a quantity such as 100m, 2 or 16Ki' },
};

function isCidr(text: string): boolean {
  const [address = '', length = '', ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0 || !/^\d{1,3}$/u.test(length)) return false;
  return Number(length) <= (family === 4 ? 32 : 128);
}
