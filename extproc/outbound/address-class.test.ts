import { describe, expect, it } from 'vitest';
import { type AddressClass, addressClass } from './address-class.ts';

describe('the class of an address', () => {
  it.each<readonly [string, AddressClass]>([
    ['169.254.169.254', 'Metadata'],
    ['::ffff:169.254.169.254', 'Metadata'],
    ['::ffff:a9fe:a9fe', 'Metadata'],
    ['::169.254.169.254', 'Metadata'],
    ['64:ff9b::a9fe:a9fe', 'Metadata'],
    ['64:ff9b:1::a9fe:a9fe', 'Metadata'],
    ['2002:a9fe:a9fe::1', 'Metadata'],
    ['2001:0:0:0:0:0:5601:5601', 'Metadata'],
    ['2001:db8::5efe:169.254.169.254', 'Metadata'],
    ['fd00:ec2::254', 'Metadata'],
    ['fd00:ec2::23', 'Metadata'],
    ['fd20:ce::254', 'Metadata'],
    ['100.100.100.200', 'Metadata'],
    ['168.63.129.16', 'Metadata'],
    ['169.254.1.1', 'LinkLocal'],
    ['fe80::1', 'LinkLocal'],
    ['fe80::1%eth0', 'LinkLocal'],
    ['febf::1', 'LinkLocal'],
    ['224.0.0.1', 'NoHost'],
    ['255.255.255.255', 'NoHost'],
    ['ff02::1', 'NoHost'],
    ['127.0.0.1', 'Loopback'],
    ['127.9.9.9', 'Loopback'],
    ['::1', 'Loopback'],
    ['::ffff:127.0.0.1', 'Loopback'],
    ['0.0.0.0', 'Loopback'],
    ['::', 'Loopback'],
    ['10.1.2.3', 'Private'],
    ['172.31.0.1', 'Private'],
    ['172.32.0.1', 'Public'],
    ['192.168.0.1', 'Private'],
    ['100.64.0.1', 'Private'],
    ['fd12::1', 'Private'],
    ['8.8.8.8', 'Public'],
    ['2001:4860:4860::8888', 'Public'],
  ])('%s is %s', (address, kind) => {
    expect(addressClass(address)).toBe(kind);
  });
});
