import { create, toBinary } from '@bufbuild/protobuf';
import { schema } from '#proto/load.ts';
import { type HeaderView, headerView } from '../processor/header-view.ts';

/** Shows headers as if Envoy had sent them (`raw_value`), or as a data plane that fills the text field. */
export function receivedHeaders(
  headers: readonly (readonly [name: string, value: string])[],
  field: 'rawValue' | 'value' = 'rawValue',
): HeaderView {
  const type = schema('envoy.config.core.v3.HeaderMap');
  const message = create(type, {
    headers: headers.map(([key, value]) => ({
      key,
      ...(field === 'value' ? { value } : { rawValue: Buffer.from(value) }),
    })),
  });
  return headerView(Buffer.from(toBinary(type, message)));
}
