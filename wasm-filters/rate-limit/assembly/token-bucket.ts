// A token bucket is one number: when it will be full again, in nanoseconds since the Unix epoch; what is past is full. It
// holds `requests` tokens, and gets one every `interval` (window / requests, rounded down to a nanosecond).

/** How many tokens there are. A bucket that would be full only after more than a window was written under a later clock. */
export function tokensAt(now: u64, full: u64, interval: u64, requests: u32): u32 {
  if (full <= now) return requests;
  const missing = full - now;
  const window = interval * requests;
  return missing >= window ? 0 : <u32>((window - missing) / interval);
}

/** When a bucket will be full again from which `count` tokens are taken, which it has. */
export function fullAfter(now: u64, full: u64, interval: u64, count: u32): u64 {
  return max(now, full) + interval * count;
}

/** When there will be `count` tokens, if none is taken meanwhile; they are not more than the bucket holds. */
export function whenThere(now: u64, full: u64, interval: u64, requests: u32, count: u32): u64 {
  const window = interval * requests;
  const latest = now + window;
  return (full > latest ? latest : full) + interval * count - window;
}
