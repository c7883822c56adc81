interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): {
    createScriptURL(url: string): string;
  };
}

/**
 * Trusted Types: the page's policy lets scripts come from addresses of this site alone. Browsers without Trusted Types
 * rely on the Content-Security-Policy.
 */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('spondon', {
  createScriptURL: (url) => {
    if (new URL(url, location.href).origin !== location.origin)
      throw new TypeError(`not a script of ours: ${url}`);
    return url;
  },
});

/** Throws TypeError for an address elsewhere. */
export function trustedScript(url: string): string {
  return policy ? policy.createScriptURL(url) : url;
}
