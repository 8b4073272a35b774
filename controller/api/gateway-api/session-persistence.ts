import { duration, named, oneOf, string, withDefault } from '../schema.ts';

/** How requests of one client stay with one back-end (GEP-1619, as in Gateway API v1.6). */
export const sessionPersistence = named(
  'SessionPersistence',
  {
    sessionName: string({ maxLength: 128 }),
    absoluteTimeout: duration(),
    type: withDefault(oneOf(['Cookie', 'Header']), 'Cookie'),
    cookieConfig: named('CookieConfig', { lifetimeType: withDefault(oneOf(['Permanent', 'Session']), 'Session') }),
  },
  {
    rules: [
      {
        rule: "!has(self.cookieConfig) || self.type == 'Cookie'",
        message: 'must be absent unless type is Cookie',
        fieldPath: ['cookieConfig'],
      },
      {
        rule: "!has(self.cookieConfig) || self.cookieConfig.lifetimeType != 'Permanent' || has(self.absoluteTimeout)",
        message: 'must be present when cookieConfig.lifetimeType is Permanent',
        fieldPath: ['absoluteTimeout'],
      },
    ],
  },
);
