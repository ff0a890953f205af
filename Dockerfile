# The product alone: one static binary, run by an unprivileged user. Postgres
# and Temporal are images of their own (docker-compose.yml).
FROM golang:1.26.8-bookworm AS source
WORKDIR /src
# No cgo: the C resolver takes spellings such as 0x7f.1 for loopback addresses,
# and the final image has no C library.
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
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
