import type { Ranges, Syntax } from './syntax.ts';
import { type ByteRanges, utf8Ranges } from './utf8-ranges.ts';
import type { Work } from './work.ts';

/** States beyond which a pattern is too large. */
const MOST_STATES = 20_000;

/** Where a state leads: by a byte, or without one; some only at the begin or the end of the text. */
export type Edge =
  | { readonly kind: 'byte'; readonly from: number; readonly to: number; readonly target: number }
  | { readonly kind: 'free' | 'begin' | 'end'; readonly target: number };

/** A nondeterministic automaton (Thompson's construction). State 0 is where it starts. */
export interface States {
  readonly edges: readonly (readonly Edge[])[];
  readonly accepting: number;
}

/** The automaton of an expression; `undefined` when it is too large. */
export function statesOf(syntax: Syntax, work: Work): States | undefined {
  const builder = new Builder(work);
  const accepting = builder.add(syntax, builder.state());
  return builder.isTooLarge ? undefined : { edges: builder.edges, accepting };
}

class Builder {
  readonly edges: Edge[][] = [];
  readonly #work: Work;
  /** What is repeated has its ranges once. */
  readonly #bytesOf = new Map<Ranges, readonly ByteRanges[]>();

  constructor(work: Work) {
    this.#work = work;
  }

  get isTooLarge(): boolean {
    return this.edges.length > MOST_STATES;
  }

  state(): number {
    return this.edges.push([]) - 1;
  }

  /** Adds what leads from a state through the expression; gives the state at its end. */
  add(syntax: Syntax, from: number): number {
    if (this.isTooLarge) return from;
    this.#work.spend(1);
    switch (syntax.kind) {
      case 'empty':
        return from;
      case 'begin':
      case 'end':
        return this.#edge(from, syntax.kind, this.state());
      case 'characters': {
        const to = this.state();
        this.#bytes(from, this.#utf8(syntax.ranges), to);
        return to;
      }
      case 'sequence':
        return syntax.parts.reduce((at, part) => this.add(part, at), from);
      case 'choice': {
        const to = this.state();
        for (const option of syntax.options) {
          const begin = this.#edge(from, 'free', this.state());
          this.#edge(this.add(option, begin), 'free', to);
        }
        return to;
      }
      case 'repeat':
        return this.#repeat(syntax.of, syntax.least, syntax.most, from);
      default:
        return syntax satisfies never;
    }
  }

  #repeat(of: Syntax, least: number, most: number | undefined, from: number): number {
    let at = from;
    for (let count = 0; count < least && !this.isTooLarge; count++) at = this.add(of, at);
    if (most === undefined) {
      const loop = this.#edge(at, 'free', this.state());
      this.#edge(this.add(of, loop), 'free', loop);
      return this.#edge(loop, 'free', this.state());
    }
    const to = this.state();
    this.#edge(at, 'free', to);
    for (let count = least; count < most && !this.isTooLarge; count++) {
      at = this.add(of, at);
      this.#edge(at, 'free', to);
    }
    return to;
  }

  #utf8(ranges: Ranges): readonly ByteRanges[] {
    const known = this.#bytesOf.get(ranges) ?? utf8Ranges(ranges);
    this.#bytesOf.set(ranges, known);
    this.#work.spend(known.length);
    return known;
  }

  /** Characters that begin with the same bytes have the same states there. */
  #bytes(from: number, characters: readonly ByteRanges[], to: number): void {
    const begun = new Map<string, number>();
    for (const bytes of characters) {
      let at = from;
      for (const [index, [first, last]] of bytes.entries()) {
        const isLast = index === bytes.length - 1;
        const key = `${at} ${first} ${last}`;
        const known = isLast ? undefined : begun.get(key);
        const target = isLast ? to : (known ?? this.state());
        if (known === undefined) this.edges[at]?.push({ kind: 'byte', from: first, to: last, target });
        if (!isLast) begun.set(key, target);
        at = target;
      }
    }
  }

  /** Adds an edge; gives where it leads. */
  #edge(from: number, kind: 'free' | 'begin' | 'end', target: number): number {
    this.edges[from]?.push({ kind, target });
    return target;
  }
}
