/** A URL as messages show it: without its query, which may hold a signature, and without a user name. */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  return url === null ? JSON.stringify(text.slice(0, 200)) : `${url.protocol}//${url.host}${url.pathname}`;
}
