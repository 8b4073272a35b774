import { expect, test } from 'vitest';
import { rawDescriptor } from './raw-descriptor.ts';

test('joins the literals of a string constant', () => {
  const source = 'const file_a_proto_rawDesc = "" +\n\t"\\n" +\n\t"\\aa.proto\\"\\x01"\n\nvar other = "x"\n';
  expect(Buffer.from(rawDescriptor(source) ?? []).toString('latin1')).toBe('\n\x07a.proto"\x01');
});

test('reads a byte slice', () => {
  const source = 'var file_a_proto_rawDesc = []byte{\n\t0x0a, 0x07,\n\t0xff,\n}\n';
  expect(rawDescriptor(source)).toEqual(Uint8Array.of(0x0a, 0x07, 0xff));
});

test('gives nothing for a file without a descriptor', () => {
  expect(rawDescriptor('package v3\n')).toBeUndefined();
});
