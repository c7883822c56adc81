# The whole service on the embedded ledger, IPFS store and database: one process, one volume.
FROM node:24-bookworm-slim AS build
WORKDIR /app

# Manifests first: as long as they stay the same, so do the installed packages.
COPY package.json package-lock.json .npmrc ./
COPY protocol/package.json protocol/
COPY chaincode/package.json chaincode/
COPY ledger/package.json ledger/
COPY anchor-worker/package.json anchor-worker/
COPY verifier-service/package.json verifier-service/
COPY public-portal/package.json public-portal/
COPY network/package.json network/
COPY fixtures/package.json fixtures/
COPY bench/package.json bench/
# npm links a command only if it is there.
COPY verifier-service/bin verifier-service/bin
# No install scripts: everything native comes prebuilt.
RUN npm ci --ignore-scripts --no-audit --no-fund

COPY . .
RUN npx tsc --build verifier-service \
 && npm run build --workspace public-portal \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && find . -path ./node_modules -prune -o -type f \
      \( -name '*.ts' -o -name '*.map' -o -name '*.test.js' -o -name '.tsbuildinfo' -o -name 'tsconfig*.json' \) \
      -print0 | xargs -0 rm

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    SPONDON_HOST=0.0.0.0 \
    SPONDON_PORT=8080 \
    SPONDON_DATA_DIR=/data \
    PATH=/app/node_modules/.bin:$PATH
WORKDIR /app
# Before VOLUME, so that a new volume takes over owner and mode.
RUN install -d -o node -g node -m 0700 /data
# Owned by root: the service cannot change its own program.
COPY --from=build /app /app
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 CMD ["node", "scripts/health-check.mjs"]
CMD ["node", "verifier-service/dist/server.js"]
