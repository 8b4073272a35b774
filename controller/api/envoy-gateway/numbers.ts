import { integer } from '../schema.ts';

/** A whole percentage. */
export const percent = integer({ minimum: 0, maximum: 100 });

/** An unsigned 32-bit number, as Envoy's counters and limits are. */
export const uint32 = integer({ minimum: 0, maximum: 4_294_967_295 });

/** The answers that a failed filter may give: those that HTTP defines from 400 on. */
export const errorStatus = integer({
  enum: [
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 426,
    428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
  ],
});
