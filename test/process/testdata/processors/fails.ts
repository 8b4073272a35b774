import { defineProcessor } from 'sluice/extproc';

/** Fails as the request asks it to. */
export const processor = defineProcessor({
  onRequestHeaders: ({ headers }) => {
    switch (headers.get('x-fail')) {
      case 'throw':
        throw new Error('asked to');
      case 'reject':
        return Promise.reject(new Error('asked to'));
      case 'hang':
        return new Promise<undefined>(() => undefined);
      case 'later':
        setTimeout(() => {
          throw new Error('asked to, later');
        });
        return undefined;
      case 'exit':
        process.exit(1);
      // falls through -- it does not
      default:
        return undefined;
    }
  },
});
