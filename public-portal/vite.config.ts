import { defineConfig } from 'vite';
import { finishedSite } from './build/finished-site.js';

/** The page as files in `site/`, which the verifier service serves at `/`. */
export default defineConfig({
  appType: 'mpa',
  build: {
    outDir: 'site',
    target: 'es2022',
    // A data URL would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: 'index.html',
        'not-found': 'not-found.html',
        'service-worker': 'offline/service-worker.ts',
        embed: 'embed/embed.ts',
      },
      output: {
        // A service worker lives at one address for ever, and so does what other sites name in theirs.
        entryFileNames: ({ name }) => (name === 'index' ? 'assets/[name]-[hash].js' : '[name].js'),
      },
    },
  },
  worker: { format: 'es' },
  plugins: [finishedSite()],
});
