/** What a condition says of an object, without the times that status adds (Kubernetes, "Conditions"). */
export interface Verdict {
  readonly type: string;
  readonly status: 'True' | 'False';
  /** One word, CamelCase. */
  readonly reason: string;
  /** For people: names the object, the field, what was found and what is accepted. */
  readonly message: string;
}

/** Why something could not be done; becomes a condition of the object it was asked for. */
export interface Refusal<R extends string = string> {
  readonly reason: R;
  readonly message: string;
}

/** A value, or why there is none. */
export type Outcome<T, R extends string = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal<R> };

/** The outcome that is a value. */
export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** The outcome that is a refusal. */
export function refusal<R extends string>(
  reason: R,
  message: string,
): { readonly ok: false; readonly refusal: Refusal<R> } {
  return { ok: false, refusal: { reason, message } };
}
