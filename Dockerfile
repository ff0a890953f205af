# The product alone: one static binary, run by an unprivileged user. Postgres
# and Temporal are images of their own (docker-compose.yml). With
# --target standalone they are in it, to try everything by one docker run.
FROM golang:1.26.8-bookworm AS source
WORKDIR /src
# No cgo: the C resolver takes spellings such as 0x7f.1 for loopback addresses,
# and the final image has no C library.
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS="-tags=release,disable_grpc_modules,nomsgpack -gcflags=all=-dwarf=false"
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go run ./api/openapi >/openapi.json

# The web app: its types come from the document of the API.
FROM node:22.22.3-bookworm AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY web .
COPY --from=source /openapi.json /src/bin/openapi.json
RUN npm run --silent build

FROM source AS build
COPY --from=web /src/web/dist web/dist
ARG VERSION=dev
RUN go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/godwit ./cmd/godwit

FROM build AS build-standalone
COPY standalone standalone
RUN cd standalone && go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/godwit-standalone .

# Everything in one container, for trying it on one's own machine:
#   docker build --target standalone --tag godwit-standalone .
#   docker run --rm --init -p 127.0.0.1:8080:8080 -p 127.0.0.1:8233:8233 -v godwit:/data godwit-standalone
FROM debian:12.12-slim AS standalone
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates postgresql-common \
    && echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf \
    && apt-get install -y -qq --no-install-recommends postgresql-15 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --no-create-home godwit \
    && install -d -o godwit -g godwit -m 0700 /data
COPY --from=build-standalone /out/godwit-standalone /usr/local/bin/godwit-standalone
COPY --from=build /out/godwit /usr/local/bin/godwit
USER 65532:65532
WORKDIR /data
VOLUME /data
# The addresses by which the two published ports are opened. Inside of the container
# the API can't listen on loopback, so what loopback allows has to be said.
ENV GODWIT_DATA_DIR=/data \
    GODWIT_LISTEN_ADDR=0.0.0.0:8080 \
    GODWIT_STANDALONE_UI_ADDR=0.0.0.0:8233 \
    GODWIT_PUBLIC_URL=http://localhost:8080 \
    GODWIT_TEMPORAL_UI_URL=http://localhost:8233 \
    GODWIT_ALLOW_HTTP=true \
    GODWIT_EGRESS_ALLOW=127.0.0.0/8,::1/128 \
    GODWIT_PLAY=true
EXPOSE 8080 8233
ENTRYPOINT ["/usr/local/bin/godwit-standalone"]

# Nothing but what is copied here: no shell, no package that could age.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/godwit /godwit
USER 65532:65532
# Godwit's own default, loopback, could not be reached from outside.
ENV GODWIT_LISTEN_ADDR=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/godwit"]
CMD ["serve"]
