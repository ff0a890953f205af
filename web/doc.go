// Package web holds the web app as it was built into dist, and serves its files.
//
// The app itself is written in TypeScript, in src; `make build` builds it before
// the binaries. A `go build` without that holds no app, and serves a page that
// says how to get it. The package knows nothing of the API.
package web
