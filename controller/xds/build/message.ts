import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import type { MessageTypes } from '#proto/gen/index.d.ts';
import { schema } from '#proto/load.ts';

/** Full name of a message of Envoy's API or of ours. */
export type MessageName = keyof MessageTypes;

/** What a message is made from: its fields, those left out at their defaults. */
export type Init<N extends MessageName> = Extract<
  MessageInitShape<GenMessage<MessageTypes[N]>>,
  { readonly $typeName?: never }
>;

/** Makes and encodes a message. */
export function encode<N extends MessageName>(name: N, init: Init<N>): Uint8Array<ArrayBuffer> {
  const type = schema(name);
  return toBinary(type, create(type, init));
}

/** Makes a message and packs it as a `google.protobuf.Any`. */
export function any<N extends MessageName>(name: N, init: Init<N>): Any {
  return create(AnySchema, { typeUrl: `type.googleapis.com/${name}`, value: encode(name, init) });
}

/** A `google.protobuf.Duration` of whole milliseconds. */
export function duration(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}
