# Stages: `service`, which is the default, holds the whole service; `chaincode` the contract, as an organisation serves it
# to its peers; `network` the commands that set a Fabric network up. docker-compose.yml and network/compose use them.

FROM node:24-bookworm-slim AS manifests
WORKDIR /app
# First and alone: as long as they stay the same, so do the installed packages.
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

# No install scripts anywhere: everything native comes prebuilt.
FROM manifests AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx tsc --build verifier-service network \
 && npm run build --workspace public-portal \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && find . -path ./node_modules -prune -o -type f \
      \( -name '*.ts' -o -name '*.map' -o -name '*.test.js' -o -name '.tsbuildinfo' -o -name 'tsconfig*.json' \) \
      -print0 | xargs -0 rm

FROM manifests AS chaincode-packages
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
      --workspace @spondon/chaincode --workspace @spondon/protocol

FROM node:24-bookworm-slim AS chaincode
ENV NODE_ENV=production
WORKDIR /app
COPY --from=chaincode-packages /app/package.json ./
COPY --from=chaincode-packages /app/node_modules node_modules
COPY --from=build /app/protocol protocol
COPY --from=build /app/chaincode chaincode
USER node
CMD ["node", "chaincode/dist/server.js"]

# Fabric's programs come with its releases only: there is no image of them any more.
FROM node:24-trixie-slim AS fabric
ARG TARGETARCH
ARG FABRIC=3.1.5
# The archive's SHA-256, for it to be compared: build with --build-arg.
ARG FABRIC_SHA256=
ADD https://github.com/hyperledger/fabric/releases/download/v${FABRIC}/hyperledger-fabric-linux-${TARGETARCH}-${FABRIC}.tar.gz /fabric.tar.gz
RUN if [ -n "$FABRIC_SHA256" ]; then echo "$FABRIC_SHA256  /fabric.tar.gz" | sha256sum --check --strict; fi \
 && mkdir /opt/fabric && tar --extract --gzip --file /fabric.tar.gz --directory /opt/fabric

# Debian 13, because the programs are built against a later glibc than Debian 12 has.
FROM node:24-trixie-slim AS network
ENV NODE_ENV=production \
    FABRIC_BIN=/opt/fabric/bin \
    FABRIC_CFG_PATH=/opt/fabric/config \
    FABRIC_CCAAS_BUILDER=/opt/hyperledger/ccaas_builder
WORKDIR /app
COPY --from=fabric /opt/fabric/bin /opt/fabric/bin
COPY --from=fabric /opt/fabric/config /opt/fabric/config
# Where the image of peers has it, since peers are told of this path.
COPY --from=fabric /opt/fabric/builders/ccaas /opt/hyperledger/ccaas_builder
COPY --from=build /app /app
USER node
CMD ["node", "network/dist/cli.js", "--help"]

FROM node:24-bookworm-slim AS service
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
