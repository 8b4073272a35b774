import type { status } from '@grpc/grpc-js';
import type { CallMetadata } from '../grpc/message-stream.ts';
import type { Processor } from '../processor/define-processor.ts';

/** The processor for a stream, or why there is none. */
export type Selection =
  | {
      readonly kind: 'selected';
      readonly processor: Processor;
      /** What the stream is for, in log lines and to the processor. */
      readonly policy: string | undefined;
    }
  | { readonly kind: 'refused'; readonly code: status; readonly details: string };

/** Chooses by the initial metadata of the stream, which Envoy's configuration states and no client can. */
export type Select = (metadata: CallMetadata) => Selection;

/** The values of a key of the initial metadata: none, one, or more than one, which no configuration of ours states. */
export type MetadataValue =
  | { readonly kind: 'absent' }
  | { readonly kind: 'one'; readonly value: string }
  | { readonly kind: 'several' };

/** Reads a key of the initial metadata. */
export function metadataValue(metadata: CallMetadata, key: string): MetadataValue {
  const [value, ...more] = metadata.get(key);
  if (value === undefined) return { kind: 'absent' };
  return more.length > 0 ? { kind: 'several' } : { kind: 'one', value };
}
